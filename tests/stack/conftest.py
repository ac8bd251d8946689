"""One whole `manage.py up` for all tests here that do not need one of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.stack import Stack, fresh_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack; that it stops without leaving a process is asserted at the end."""
    with fresh_stack() as stack:
        yield stack
