"""A worker on a database, with a lease that tests can wait for: DSN PROJECT LEASE [MODE]."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from ecoa.store import use
from ecoa.store.postgres import PostgresStore


async def main(dsn: str, project: str, lease: str, mode: str = "") -> None:
    """Work until SIGTERM."""
    if mode.startswith("django"):
        import django

        django.setup()
    from ecoa.graph import registry
    from ecoa.worker import Worker

    store = PostgresStore(dsn, project=project, lease=float(lease))
    if mode == "django-dies-after":  # the Django commit is made, the node's is not
        store.finish = lambda *_, **__: os._exit(9)  # type: ignore[method-assign]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with use(store):
        await Worker(store, pipelines=registry.load(["tests.ecoa_worker.shop"])).run(stop)
    await store.close()


asyncio.run(main(*sys.argv[1:]))
