"""Runs the pipelines of ECOA_PIPELINES: ecoa's worker on Django's database, with hints for open pages."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog
from asgiref.sync import sync_to_async
from django.db import DatabaseError

from ecoa.errors import EcoaError
from ecoa.graph import registry
from ecoa.store import default_store
from ecoa.worker import Worker
from ecoa_web.errors import OperatorError
from pipelines.verbs.transaction import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

log = structlog.get_logger(__name__)

HINT_EVERY_S = 0.25


def run(modules: Sequence[str], *, queues: Sequence[str], slots: int) -> None:
    """Work until SIGTERM or SIGINT."""
    try:
        pipelines = registry.load(modules)
    except ImportError as cause:
        raise OperatorError(f"ECOA_PIPELINES={','.join(modules)} cannot be imported: {cause}.") from cause
    try:
        asyncio.run(_work(pipelines, queues=queues, slots=slots))
    except EcoaError as cause:
        raise OperatorError(cause.message) from cause


async def _work(pipelines: Sequence[str], *, queues: Sequence[str], slots: int) -> None:
    stop, loop, hints = asyncio.Event(), asyncio.get_running_loop(), Hints()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = default_store()
    worker = Worker(store, pipelines=pipelines, queues=queues, slots=slots, on_turn=hints.add)
    telling = asyncio.create_task(hints.tell_now_and_then())
    try:
        await worker.run(stop)
    finally:
        telling.cancel()
        await store.close()


class Hints:
    """Tells open pages which projects changed, at most four times a second."""

    def __init__(self) -> None:
        self._changed: set[int] = set()
        self._some = asyncio.Event()

    def add(self, project_id: int) -> None:
        """A turn of this project ended."""
        self._changed.add(project_id)
        self._some.set()

    async def tell_now_and_then(self) -> None:
        """For ever. A hint that is lost costs freshness only."""
        while True:
            await self._some.wait()
            self._some.clear()
            changed, self._changed = self._changed, set()
            try:
                for project_id in changed:
                    await sync_to_async(tell)(project_id)
            except (DatabaseError, OSError):
                log.warning("hint_lost", exc_info=True)
            await asyncio.sleep(HINT_EVERY_S)
