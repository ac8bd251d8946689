"""Spans as they were sent, many at once, read from the batches they arrived in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import zstandard

from ecoa_web.db.named_sql import named_sql
from traces.decode import spans
from traces.inbox.batch import inflated
from traces.queries.rows import fetch
from traces.wire import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from traces.decode import RawSpan

SQL = named_sql(__file__)
AT_ONCE = 20  # batches held in memory


class Place(NamedTuple):
    """Where a span stands: its batch, the batch's day, its position in it."""

    batch_id: int
    day: date
    ordinal: int


def sent_spans(project_id: int, places: Iterable[Place], *, most_bytes: int) -> Iterator[tuple[Place, RawSpan]]:
    """The spans at these places, batch by batch in order of arrival, until so many bytes are read. A batch that is no
    longer kept or is damaged has none."""
    wanted: dict[tuple[int, date], set[int]] = {}
    for place in places:
        wanted.setdefault((place.batch_id, place.day), set()).add(place.ordinal)
    read = 0
    batches = sorted(wanted)
    for start in range(0, len(batches), AT_ONCE):
        for (batch_id, day), body in _bodies(project_id, batches[start : start + AT_ONCE]):
            if read >= most_bytes:
                return
            read += len(body)
            for span in _spans(body, wanted[batch_id, day]):
                yield Place(batch_id, day, span.ordinal), span


def _bodies(project_id: int, batches: Sequence[tuple[int, date]]) -> Iterator[tuple[tuple[int, date], bytes]]:
    ids, days = [batch_id for batch_id, _ in batches], sorted({day for _, day in batches})
    for batch_id, day, body in fetch(SQL.bodies, project=project_id, batches=ids, days=days):
        try:
            yield (batch_id, day), inflated(bytes(body))
        except zstandard.ZstdError:
            continue


def _spans(body: bytes, ordinals: set[int]) -> Iterator[RawSpan]:
    try:
        yield from (span for span in spans(body) if span.ordinal in ordinals)
    except Malformed:
        return
