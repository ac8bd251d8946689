"""A worker's house, and prices in it."""

from __future__ import annotations

from tests.store.conftest import dsn, house

__all__ = ["dsn", "house"]
