"""Log records for text search, in the form of spans: traces.search.texts says what of them is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from traces.logs.events import as_span
from traces.logs.record import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from traces.decode import RawSpan


def spans(body: bytes) -> Iterator[RawSpan]:
    """Each record of an inflated batch that names its trace, as a span of that trace: with its ordinal, time, texts."""
    return (as_span(record) for record in records(body) if record.trace_id is not None)
