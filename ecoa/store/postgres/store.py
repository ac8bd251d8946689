"""The store in PostgreSQL, put together from its parts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ecoa.store.base import Ballot, ReviewFilter, ReviewPage, ReviewRow
from ecoa.store.postgres import reviews
from ecoa.store.postgres.database import Database
from ecoa.store.postgres.effects import Effects
from ecoa.store.postgres.limits import Limits
from ecoa.store.postgres.part import LEASE_S
from ecoa.store.postgres.runs import Runs
from ecoa.store.postgres.sessions import Sessions
from ecoa.store.postgres.turns import Turns
from ecoa.store.postgres.work import Work, run_async
from ecoa.store.postgres.workers import Workers


class PostgresStore(Turns, Runs, Workers, Effects, Sessions, Limits):
    """Runs of one project in a PostgreSQL database. One object serves every event loop of a process."""

    durable = True

    def __init__(
        self,
        dsn: str,
        *,
        direct_dsn: str | None = None,
        project: str = "default",
        connections: int = 8,
        lease: float = LEASE_S,
    ) -> None:
        """`direct_dsn` leads around a pooler; `connections` is the most that one event loop opens."""
        self.db = Database(dsn, direct_dsn=direct_dsn, project=project, connections=connections)
        self.lease_s = lease

    async def open(self) -> None:
        """Make sure that the database answers and has the project."""
        await self.db.project_id()

    async def close(self) -> None:
        """Close the running loop's connections."""
        await self.db.close()

    async def review(self, review_id: str) -> ReviewRow:
        """A review with its votes; NotFound."""
        project = await self.db.project_id()
        return await self._work(lambda: reviews.review(review_id, project_id=project))

    async def reviews(self, asked: ReviewFilter, *, cursor: str | None = None, limit: int = 100) -> ReviewPage:
        """Those that fit, the earliest deadline first."""
        project = await self.db.project_id()
        return await self._work(lambda: reviews.reviews(project, asked, cursor=cursor, limit=limit))

    async def claim_review(self, review_id: str, *, by: str) -> ReviewRow:
        """Say who looks at it (informs others, locks nobody out). ReviewConflict when it is decided."""
        project = await self.db.project_id()
        return await self._work(lambda: reviews.claim(review_id, by=by, project_id=project))

    async def decide_review(self, review_id: str, ballot: Ballot) -> ReviewRow:
        """Count a vote; the review as it then stands. Raises ReviewConflict, ReviewExpired, EditInvalid, NotFound."""
        project = await self.db.project_id()
        row = await self._work(lambda: reviews.decide(review_id, ballot, project_id=project))
        self.db.liveness.ring()
        return row

    async def expire_reviews(self, *, limit: int = 100) -> int:
        """Climb ladders and end what is overdue: escalate, reject or hold, never approve. How many reviews changed."""
        changed = 0
        for review_id in await self._work(lambda: reviews.due(limit=limit)):
            changed += await self._work(partial(reviews.expire, review_id))
        if changed:
            self.db.liveness.ring()
        return changed

    async def _work[T](self, work: Callable[[], Work[T]]) -> T:
        """In a transaction, again when its connection was lost: what did not commit did nothing."""

        async def run() -> T:
            async with self.db.transaction() as conn:
                return await run_async(conn, work())

        return await self.db.patiently(run)
