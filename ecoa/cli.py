"""`ecoa`: run pipelines beside an application.

ECOA_DATABASE_URL=postgresql://… ecoa worker shop.pipelines --queue default --slots 64
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence

from ecoa.errors import EcoaError


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="ecoa", description="Agents that survive.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    worker = commands.add_parser("worker", help="run the pipelines of these modules")
    worker.add_argument("modules", nargs="+", metavar="MODULE", help="dotted path, such as shop.pipelines")
    worker.add_argument("--queue", action="append", dest="queues", metavar="NAME", help="default: default; may repeat")
    worker.add_argument("--slots", type=int, default=64, help="nodes at a time (default: 64)")
    worker.set_defaults(run=_worker)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for every model call is the trace's business
    sys.path.insert(0, os.getcwd())  # as `python -m` does: modules beside the caller
    try:
        options.run(options)
    except EcoaError as error:
        sys.stderr.write(f"ecoa: {error}\n")
        return 1
    return 0


def _worker(options: argparse.Namespace) -> None:
    from ecoa.store import default_store
    from ecoa.worker import work

    if not os.environ.get("ECOA_DATABASE_URL"):
        raise EcoaError(
            "set ECOA_DATABASE_URL to the database that the runs are in: without it nothing waits for a worker"
        )
    _load(options.modules)
    queues = options.queues or ["default"]
    asyncio.run(work(default_store(), modules=options.modules, queues=queues, slots=options.slots))


def _load(modules: Sequence[str]) -> None:
    from ecoa.graph import registry

    try:
        known = registry.load(modules)
    except ModuleNotFoundError as error:
        raise EcoaError(f"cannot import {error.name}: is it in this folder, or installed?") from error
    if not known:
        raise EcoaError(f"no pipeline is declared in {', '.join(modules)}")
