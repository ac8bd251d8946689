"""Reads a request's body within its limits of bytes and time."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from traces.receiver.budget import Share
from traces.receiver.limits import MIB, ReceiverLimits
from traces.receiver.refusal import bad_request, too_large, too_slow

type Message = MutableMapping[str, Any]  # ASGI's own shape
type Receive = Callable[[], Awaitable[Message]]

DRAIN_BYTES = 64 * MIB
DRAIN_S = 3.0


class Disconnected(Exception):
    """The client has gone; there is nobody to answer."""


class BodyReader:
    """One request's body. Knows whether all of it has been read."""

    def __init__(self, receive: Receive, limits: ReceiverLimits) -> None:
        self._receive = receive
        self._limits = limits
        self.finished = False

    async def read(self, share: Share, *, length: int | None) -> bytes:
        """The whole body as sent. Refuses what is too large as soon as that is known, and what trickles."""
        limit = self._limits.body_bytes
        if length is not None and length > limit:
            raise too_large(f"the request is over {limit} bytes")
        clock = asyncio.get_running_loop().time
        started = clock()
        body = io.BytesIO()  # its value is the buffer itself: no second copy of a large body
        while not self.finished:
            arrived = body.tell()
            allowed = min(self._limits.body_s, self._limits.body_grace_s + arrived / self._limits.body_rate)
            piece = await self._piece_before(started + allowed)
            if arrived + len(piece) > limit:
                raise too_large(f"the request is over {limit} bytes")
            share.grow(len(piece))
            if self.finished and not arrived:
                return piece
            body.write(piece)
        return body.getvalue()

    async def drain(self) -> None:
        """Read on for a moment and forget it, so that a client in the middle of sending still gets its answer."""
        drained = 0
        with suppress(TimeoutError, Disconnected):
            async with asyncio.timeout(DRAIN_S):
                while not self.finished and drained < DRAIN_BYTES:
                    drained += len(await self._next())

    async def _piece_before(self, deadline: float) -> bytes:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._next()
        except TimeoutError:
            raise too_slow() from None

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        self.finished = not message.get("more_body", False)
        piece: bytes = message.get("body", b"")
        return piece


def content_length(value: bytes | None) -> int | None:
    """The announced length; None when the body is chunked."""
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise bad_request("Content-Length is not a number")
    return int(value)
