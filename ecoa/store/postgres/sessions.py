"""Sessions: values by owner and key, alive for a while after the last use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecoa.store.base import SessionWrites
from ecoa.store.postgres.named import named_sql
from ecoa.store.postgres.part import Part

if TYPE_CHECKING:
    from ecoa.store.postgres.connect import Conn

SQL = named_sql(__file__)


class Sessions(Part):
    """Read and write."""

    async def read_session(self, owner: str) -> Mapping[str, tuple[str, int]]:
        """Unexpired values and their versions; extends their life."""
        rows = await self.db.rows(SQL.read, {"project": await self.db.project_id(), "owner": owner})
        return {key: (value, version) for key, value, version in rows}

    async def write_session(self, writes: SessionWrites) -> Mapping[str, int]:
        """New versions; keys whose `expect` failed are left out and not written."""
        project_id = await self.db.project_id()

        async def write() -> Mapping[str, int]:
            async with self.db.pool.connection() as conn:
                return await write_session(conn, project_id, writes)

        return await self.db.patiently(write)


async def write_session(conn: Conn, project_id: int, writes: SessionWrites) -> Mapping[str, int]:
    """The same on a connection that may be in a transaction."""
    keys = sorted(writes.values)
    values = {
        "project": project_id,
        "owner": writes.owner,
        "keys": keys,
        "values": [writes.values[key] for key in keys],
        "expected": [writes.expect.get(key) for key in keys],
        "ttl": writes.ttl,
    }
    return dict(await (await conn.execute(SQL.write, values)).fetchall())
