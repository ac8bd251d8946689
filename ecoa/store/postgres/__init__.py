"""Everything in PostgreSQL: runs survive processes and machines. Its tables belong to the Django app `pipelines`."""

from __future__ import annotations

from ecoa.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
