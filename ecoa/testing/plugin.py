"""Fixtures for pytest: ecoa, ecoa_pg, clock, reviewer. Async tests are run by the plugin of your choice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ecoa.testing.clock import Clock
    from ecoa.testing.harness import PipelineHarness


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Virtual time for the whole test."""
    from ecoa.testing.clock import virtual_time

    with virtual_time() as made:
        yield made


@pytest.fixture
def ecoa(clock: Clock) -> Iterator[PipelineHarness]:
    """A harness with a store in memory, which is the process's store for the test."""
    from ecoa.testing.harness import PipelineHarness

    with PipelineHarness() as harness:
        yield harness


@pytest.fixture
def ecoa_pg(clock: Clock) -> Iterator[PipelineHarness]:
    """The same on the PostgreSQL of ECOA_DATABASE_URL, whose tables `manage.py migrate` made; skipped without one.

    Runs stay there; `await harness.store.close()` at the end of a test closes its connections.
    """
    dsn = os.environ.get("ECOA_DATABASE_URL")
    if not dsn:
        pytest.skip("ECOA_DATABASE_URL names no database")
    from ecoa.store.postgres import PostgresStore
    from ecoa.testing.harness import PipelineHarness

    with PipelineHarness(PostgresStore(dsn)) as harness:
        yield harness


@pytest.fixture
def reviewer() -> str:
    """Somebody who decides."""
    return "reviewer@example.com"
