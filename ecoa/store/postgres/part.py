"""What every part of the store works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoa.store.postgres.database import Database

LEASE_S = 15.0


class Part:
    """The store is made of parts that share its database."""

    db: Database
    lease_s: float = LEASE_S  # a worker that is silent for so long has lost its nodes
