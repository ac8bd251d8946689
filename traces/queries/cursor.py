"""Where a list goes on: opaque to clients, bound to nothing but a place in the order."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from struct import Struct
from struct import error as StructError
from typing import Self
from uuid import UUID

PLACE = Struct(">q16s")


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
