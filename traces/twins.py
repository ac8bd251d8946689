"""One model call that two instrumentations reported side by side, such as an SDK's own span beside an instrumentor's.

Pure, and the same for any order of the spans. Without a response id on both of them nothing names the call, so all of
this must hold: the same parent, different instrumentations, one model, one within the other's time, and the same usage
unless one of them tells none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traces.span import Span, Usage

SLACK_NS = 2_000_000  # clocks of some SDKs tick in milliseconds
MOST_OPEN = 16  # neighbours that ran at once and are compared


def twins(calls: Iterable[Span]) -> set[int]:
    """Ids of the calls that another one of them says already: of each pair that which tells less, else the inner."""
    neighbours: dict[int, list[Span]] = {}
    for span in calls:
        if span.parent_id is not None and span.scope_key is not None:
            neighbours.setdefault(span.parent_id, []).append(span)
    gone: set[int] = set()
    for group in neighbours.values():
        if len(group) > 1 and len({span.scope_key for span in group}) > 1:
            gone |= _inner(sorted(group, key=_by_start))
    return gone


def _inner(ordered: list[Span]) -> set[int]:
    """Of neighbours by start, those that repeat one that runs; each repeats one, and is repeated once by each scope."""
    gone: set[int] = set()
    paired: set[tuple[int, int | None]] = set()
    running: list[Span] = []
    for span in ordered:
        running = [other for other in running if _end(other) + SLACK_NS >= span.start_ns][-MOST_OPEN:]
        outer = next((other for other in reversed(running) if _repeats(span, other, paired)), None)
        if outer is None:
            running.append(span)
            continue
        paired.add((outer.span_id, span.scope_key))
        if outer.usage is None and span.usage is not None:
            gone.add(outer.span_id)
            running[running.index(outer)] = span
        else:
            gone.add(span.span_id)
    return gone


def _repeats(inner: Span, outer: Span, paired: set[tuple[int, int | None]]) -> bool:
    if (outer.span_id, inner.scope_key) in paired or outer.scope_key == inner.scope_key or outer.kind is not inner.kind:
        return False
    if None not in (outer.response_key, inner.response_key):  # two ids that are the same were found before
        return False
    if _end(inner) > _end(outer) + SLACK_NS:
        return False
    if not {outer.model, outer.request_model} & {inner.model, inner.request_model} - {None}:
        return False
    return outer.usage is None or inner.usage is None or _sums(outer.usage) == _sums(inner.usage)


def _sums(usage: Usage) -> tuple[int, int]:
    """Input and output: how they are divided, two instrumentations may see differently."""
    uncached, text = usage.uncached or 0, usage.output_text or 0
    return uncached + (usage.cache_read or 0) + (usage.cache_write or 0), text + (usage.reasoning or 0)


def _by_start(span: Span) -> tuple[int, int, int]:
    return span.start_ns, -_end(span), span.span_id


def _end(span: Span) -> int:
    return span.start_ns if span.end_ns is None else span.end_ns
