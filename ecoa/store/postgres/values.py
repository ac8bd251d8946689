"""Values as they are stored: JSON text in the row, or, when large, in parts under the hash of its content.

up to 256 KiB   the text itself
above           {"$ecoa": "blob", "sha256": "…", "size": n}; the text is in pipelines_blob
above 64 MiB    refused: ResultNotSerializable
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from ecoa.errors import NotFound, ResultNotSerializable
from ecoa.store.postgres.named import named_sql

if TYPE_CHECKING:
    from ecoa.store.postgres.database import Database

SQL = named_sql(__file__)
INLINE_BYTES = 256 * 1024
MAX_BYTES = 64 * 1024 * 1024
PART_BYTES = 4 * 1024 * 1024
POINTER = '{"$ecoa": "blob", "sha256": "'
SMALL = INLINE_BYTES // 4  # characters: cannot be more bytes than fit


async def pack(db: Database, text: str | None, *, run_id: str, what: str) -> str | None:
    """What to write in the row. A large text is stored first, and kept as long as the run."""
    if text is None or len(text) <= SMALL:
        return text
    data = text.encode()
    if len(data) <= INLINE_BYTES:
        return text
    if len(data) > MAX_BYTES:
        raise ResultNotSerializable(
            f"{what} is {len(data) / 2**20:.1f} MiB of JSON, and at most {MAX_BYTES // 2**20} MiB can be stored"
        )
    digest = hashlib.sha256(data).hexdigest()

    async def write() -> None:
        async with db.transaction() as conn:
            await conn.execute(SQL.keep_for, {"run": run_id, "sha256": digest})
            for part, start in enumerate(range(0, len(data), PART_BYTES)):
                piece = data[start : start + PART_BYTES]
                await conn.execute(SQL.write_part, {"sha256": digest, "part": part, "data": piece})

    await db.patiently(write)
    return json.dumps({"$ecoa": "blob", "sha256": digest, "size": len(data)})


async def unpack(db: Database, stored: str | None) -> str | None:
    """The text that was packed."""
    if stored is None or not stored.startswith(POINTER):
        return stored
    digest = json.loads(stored)["sha256"]
    rows = await db.rows(SQL.read_parts, {"sha256": digest})
    if not rows:
        raise NotFound(f"the stored value {digest} is gone")
    return b"".join(bytes(row[0]) for row in rows).decode()
