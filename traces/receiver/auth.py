"""Whose key a request carries, from its headers alone."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import LiteralString

import psycopg

from ecoa_web.accounts.key_cache import KeyCache, KeyInfo, Rows, digest
from traces.receiver.refusal import scope_missing, unauthenticated, unavailable

log = logging.getLogger(__name__)

INGEST = "ingest"
STALE_S = 60.0  # how old an answer may be while the database is away
MAX_REMEMBERED = 1_000
QUERY_S = 2.0


def credential(headers: Mapping[bytes, bytes]) -> bytes | None:
    """The key: a bearer token, x-api-key, or the password of Basic (Langfuse's clients)."""
    authorization = headers.get(b"authorization")
    if authorization is None:
        return headers.get(b"x-api-key", b"").strip() or None
    # Some SDKs do not decode the blank of OTEL_EXPORTER_OTLP_HEADERS.
    scheme, _, value = authorization.replace(b"%20", b" ").strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip() or None
    if scheme.lower() == b"basic":
        return _password(value.strip())
    return None


def _password(value: bytes) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True).partition(b":")[2] or None
    except binascii.Error:
        return None


class Keys:
    """Finds the key of a request; belongs to one event loop. While the database is away, a key that was valid within
    the last minute stays so."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._cache = KeyCache(self._run)
        self._valid: OrderedDict[bytes, tuple[float, KeyInfo]] = OrderedDict()
        self._connection: psycopg.AsyncConnection | None = None
        self._lock = asyncio.Lock()

    async def grant(self, headers: Mapping[bytes, bytes]) -> KeyInfo:
        """The key, if it may send spans. Raises 401, 403, or 503 when the database cannot say."""
        secret = credential(headers)
        if secret is None:
            raise unauthenticated()
        info = await self._find(secret)
        if info is None:
            raise unauthenticated()
        if not info.allows(INGEST):
            raise scope_missing()
        return info

    async def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _find(self, secret: bytes) -> KeyInfo | None:
        try:
            info = await self._cache.find(secret)
        except (psycopg.Error, OSError, TimeoutError) as error:
            held = self._valid.get(digest(secret))
            if held is None or time.monotonic() - held[0] > STALE_S:
                log.warning("key_lookup_failed", extra={"error": type(error).__name__})
                raise unavailable("the database is not available") from error
            return held[1]
        self._remember(secret, info)
        return info

    def _remember(self, secret: bytes, info: KeyInfo | None) -> None:
        key = digest(secret)
        if info is None:
            self._valid.pop(key, None)
            return
        self._valid[key] = (time.monotonic(), info)
        self._valid.move_to_end(key)
        if len(self._valid) > MAX_REMEMBERED:
            self._valid.popitem(last=False)

    async def _run(self, statement: LiteralString, params: Sequence[object]) -> Rows:
        """Ask on one connection of our own: when the server is gone it says so at once, where a pool would wait."""
        async with self._lock, asyncio.timeout(QUERY_S):
            try:
                return await self._ask(statement, params)
            except (psycopg.Error, OSError, TimeoutError, asyncio.CancelledError):
                await self.close()
                raise

    async def _ask(self, statement: LiteralString, params: Sequence[object]) -> Rows:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, connect_timeout=2, application_name="ecoa keys"
            )
        cursor = await self._connection.execute(statement, params)
        rows: Rows = await cursor.fetchall()
        return rows
