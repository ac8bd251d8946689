"""Where a list goes on: opaque to clients, bound to nothing but a place in the order."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError
from typing import Self
from uuid import UUID

PLACE = Struct(">q16s")
START = Struct(">q")
LONGEST = 2_000  # characters of a cursor


class CursorError(ValueError):
    """A cursor that no list of ours gave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The last trace of a page, in the order (start_ns descending, trace_id)."""

    start_ns: int
    trace_id: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The place an opaque text stands for."""
        try:
            start_ns, trace = PLACE.unpack(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, StructError):
            raise CursorError("not a cursor that this list gave out") from None
        return cls(start_ns=start_ns, trace_id=trace.hex())

    def __str__(self) -> str:
        return urlsafe_b64encode(PLACE.pack(self.start_ns, UUID(self.trace_id).bytes)).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCursor:
    """The last session of a page, in the order (start_ns of its newest trace descending, session)."""

    start_ns: int
    session: str

    @classmethod
    def read(cls, text: str) -> Self:
        """The place an opaque text stands for."""
        try:
            place = urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text) % 4))
            (start_ns,) = START.unpack(place[: START.size])
            session = place[START.size :].decode()
        except (ValueError, StructError):
            raise CursorError("not a cursor that this list gave out") from None
        if "\0" in session:
            raise CursorError("not a cursor that this list gave out")
        return cls(start_ns=start_ns, session=session)

    def __str__(self) -> str:
        return urlsafe_b64encode(START.pack(self.start_ns) + self.session.encode()).rstrip(b"=").decode()
