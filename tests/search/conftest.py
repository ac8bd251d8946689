"""A worker's house, and what asks it."""

from __future__ import annotations

from tests.store.conftest import dsn, house

__all__ = ["dsn", "house"]
