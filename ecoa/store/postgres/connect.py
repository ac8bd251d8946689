"""Connections as the store wants them, and what is behind an address: PostgreSQL itself, or a pooler."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.types.string import TextLoader

from ecoa.errors import EcoaError


class Conn(AsyncConnection[tuple[Any, ...]]):
    """A connection that remembers which statements it has prepared for quick.py."""

    def __init__(self, *args: Any, **options: Any) -> None:  # Any: psycopg's
        super().__init__(*args, **options)
        self.prepared_here: set[bytes] = set()


CONNECT_TIMEOUT_S = 5
# What is lost with the connection: the answer, and perhaps the commit.
GONE = (psycopg.OperationalError, psycopg.InterfaceError)
SETTINGS = """
    SELECT set_config('jit', 'off', false), set_config('enable_seqscan', 'off', false),
           set_config('lock_timeout', '20s', false), set_config('idle_in_transaction_session_timeout', '60s', false)
"""
AS_TEXT = ("json", "uuid")  # kept as ecoa.codec wrote them; ids are strings everywhere


async def connect(dsn: str, *, name: str) -> Conn:
    """A connection that commits each statement."""
    conn = await Conn.connect(
        dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name=name, prepare_threshold=0
    )
    conn.prepared_max = 300
    for kind in AS_TEXT:
        conn.adapters.register_loader(kind, TextLoader)
    return conn


async def settle_session(conn: Conn) -> None:
    """What every session of ours wants: rows are looked up by key in tables that grow after a plan was made."""
    await conn.execute(SETTINGS, prepare=False)


async def is_direct(conn: Conn) -> bool:
    """Whether PostgreSQL itself is at the other end: a pooler makes up the process id it greets with."""
    return conn.info.backend_pid == await backend_pid(conn)


async def backend_pid(conn: Conn) -> int:
    """The server process that answers this statement."""
    row = await (await conn.execute("SELECT pg_backend_pid()", prepare=False)).fetchone()
    assert row
    return int(row[0])


async def refuse_transaction_pooling(conn: Conn, dsn: str) -> None:
    """Session locks and LISTEN need a server process of their own: connections that share one are refused."""
    if await is_direct(conn):
        return
    second = await connect(dsn, name="ecoa probe")
    try:
        pids = {await backend_pid(conn), await backend_pid(second), await backend_pid(conn)}
    finally:
        await second.close()
    if len(pids) != 2:
        raise EcoaError(
            "The database is behind a pooler in transaction mode, where session locks and LISTEN do not work: "
            "set ECOA_DIRECT_DATABASE_URL to PostgreSQL's own address."
        )
