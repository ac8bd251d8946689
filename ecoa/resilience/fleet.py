"""The store that breakers and limiters share with the whole fleet, and what happens when it is away."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Coroutine
from typing import Any

from ecoa.calling.scope import current
from ecoa.clock import monotonic
from ecoa.errors import StoreNotReady, StoreUnavailable
from ecoa.store.base import Store

QUIET = 30.0  # seconds between two warnings about the same
PATIENCE = 1.0  # seconds for an answer; then this process decides alone
log = logging.getLogger("ecoa.resilience")
_warned: dict[str, float] = {}
_asking: set[asyncio.Task[None]] = set()


def shared_store() -> Store | None:
    """The run's store; outside of runs the default one, unless that is this process's memory anyway."""
    scope = current()
    if scope is not None and scope.store is not None:
        return scope.store
    from ecoa.store import default_store

    store = default_store()
    return store if getattr(store, "durable", True) else None


def who_asks() -> str:
    """This worker's name, or this process's."""
    scope = current()
    return (scope.worker if scope is not None else None) or f"{socket.gethostname()}:{os.getpid()}"


async def ask[T](about: str, question: Coroutine[Any, Any, T]) -> T | None:
    """The store's answer, or None when it is away or not set up."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await question
    except (StoreUnavailable, StoreNotReady, OSError) as error:  # TimeoutError is an OSError
        _warn(about, str(error) or type(error).__name__)
        return None


def _warn(about: str, why: str) -> None:
    now = monotonic()
    if now - _warned.get(about, float("-inf")) >= QUIET:
        _warned[about] = now
        log.warning("%s: no answer from the store, deciding alone (%s)", about, why)


def soon(work: Coroutine[Any, Any, None]) -> None:
    """Do it beside the call."""
    task = asyncio.get_running_loop().create_task(work)
    _asking.add(task)  # a loop forgets tasks that nobody holds
    task.add_done_callback(_asking.discard)
