"""The share of each span of a complete trace in its critical path, as traces.tree defines it.

Almost every trace is one tree. For it the path alone is walked, at a quarter of the cost of traces.tree.analyse, which
takes the rest: several roots, rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from traces.tree import Node, analyse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from traces.settle import Decided

type Children = dict[int, list[Decided]]
type Stretch = tuple[Decided, int, int]  # a span, and from when to when it was waited for


def mark_critical(decided: Sequence[Decided]) -> None:
    """Set critical_ns of every span that is on the path for longer than nothing. The trace must be complete."""
    roots: list[Decided] = []
    children: Children = {}
    for one in decided:
        span = one.span
        parent_id = span.parent_id
        if parent_id is None:
            roots.append(one)
        else:
            below = children.get(parent_id)
            if below is None:
                children[parent_id] = [one]
            else:
                below.append(one)
    if len(roots) == 1 and _reached(roots[0], children) == len(decided):
        _walk(roots[0], children)
    else:
        _mark_any_shape(decided)


def _reached(root: Decided, children: Children) -> int:
    """How many spans hang from the root, itself included."""
    reached = 1
    waiting = [root.span.span_id]
    while waiting:
        below = children.get(waiting.pop())
        if below:
            reached += len(below)
            waiting += [one.span.span_id for one in below if one.span.span_id in children]
    return reached


def _walk(root: Decided, children: Children) -> None:
    waiting: list[Stretch] = [(root, root.span.start_ns, _end(root))]
    while waiting:
        one, start, end = waiting.pop()
        own = end - start
        below = children.get(one.span.span_id)
        if below:
            for stretch in _awaited(below, start, end):
                own -= stretch[2] - stretch[1]
                waiting.append(stretch)
        one.critical_ns = own or None


def _awaited(below: Sequence[Decided], start: int, end: int) -> list[Stretch]:
    """The children that were waited for between start and end, found from the end backwards."""
    stretches = []
    for one in below:
        since, upto = max(one.span.start_ns, start), min(_end(one), end)
        if since < upto:
            stretches.append((upto, -since, one.span.span_id, one))
    stretches.sort(reverse=True)
    found, cursor = [], end
    for upto, negative_since, _, one in stretches:
        if upto <= cursor:
            found.append((one, -negative_since, upto))
            cursor = -negative_since
    return found


def _end(one: Decided) -> int:
    span = one.span
    return span.start_ns if span.end_ns is None or span.end_ns < span.start_ns else span.end_ns


def _mark_any_shape(decided: Sequence[Decided]) -> None:
    by_id = {one.span.span_id: one for one in decided}
    nodes = [Node(one.span.span_id, one.span.parent_id, one.span.start_ns, one.span.end_ns) for one in decided]
    for span_id, place in analyse(nodes).items():
        by_id[span_id].critical_ns = place.critical_ns or None
