"""The shape of a trace: what hangs from what, where the time went, what failed first. Pure; any set of spans will do.

Spans may come in any order, lack parents, be their own parents or form rings; chains may be any length (no recursion).

Critical path
    The stretches of time that made the trace take as long as it did. Walk back from the end of the root: the child that
    finished last, at or before the cursor, is what was being waited for; the cursor jumps to its start, and the walk
    goes on there. Within that child the same holds. What no child covers is the span's own. Children are cut to the
    time of their parents first, so the parts of one tree add up to exactly its root's duration. A child that was still
    running when the next one began is not on the path: nothing waited for it there.

    A trace with one root takes spans whose parents never came as children of that root, for the path alone. A trace
    with none or several is walked back over its topmost spans in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from traces.span import Kind


class Node(NamedTuple):
    """What the shape of a trace depends on."""

    span_id: int
    parent_id: int | None
    start_ns: int
    end_ns: int | None  # None: not ended; it then lasts as long as what is below it
    is_error: bool = False
    name: str = ""
    kind: Kind = Kind.OTHER
    attempt: int | None = None  # as the span itself says


@dataclass(slots=True)
class Placed:
    """One span in its trace."""

    depth: int = 0  # 0 for the topmost
    self_ns: int = 0  # its duration without the time that any child covers
    critical: bool = False
    critical_ns: int = 0  # time of the critical path spent in this span itself
    attempt: int | None = None  # 1, 2 … where siblings repeat a failed one
    error_origin: bool = False  # failed, and nothing below it did
    orphan: bool = False  # its parent is not among the spans
    cyclic: bool = False  # it is its own ancestor; the earliest of a ring is taken as topmost


def analyse(nodes: Iterable[Node]) -> dict[int, Placed]:
    """Place every span. Of a repeated id the last span counts."""
    by_id = {node.span_id: node for node in nodes}
    placed = {span_id: Placed() for span_id in by_id}
    children, tops, order = _ordered(by_id, placed)
    ends = _ends(order, by_id, children)
    for span_id in order:
        node = by_id[span_id]
        placed[span_id].attempt = node.attempt
        placed[span_id].self_ns = _own(node.start_ns, ends[span_id], children.get(span_id, ()), by_id, ends)
    _mark_origins(order, by_id, children, placed)
    for siblings in children.values():
        _number_attempts(siblings, by_id, ends, placed)
    for span_id, critical_ns in _critical(tops, by_id, children, ends).items():
        placed[span_id].critical = True
        placed[span_id].critical_ns = critical_ns
    return placed


def critical_times(nodes: Iterable[Node]) -> dict[int, int]:
    """critical_ns of the spans on the critical path, as `analyse` finds it, for when nothing else is needed."""
    by_id = {node.span_id: node for node in nodes}
    children, tops, order = _ordered(by_id, dict.fromkeys(by_id, _NOWHERE))
    return _critical(tops, by_id, children, _ends(order, by_id, children))


_NOWHERE = Placed()  # takes what critical_times has no use for


type _Nodes = dict[int, Node]
type _Children = dict[int, list[int]]
type _Places = dict[int, Placed]
type _Ends = dict[int, int]


def _linked(by_id: _Nodes, placed: _Places) -> tuple[_Children, list[int]]:
    """Children by parent, and the spans that hang from none."""
    children: _Children = {}
    tops = []
    for span_id, node in by_id.items():
        parent = node.parent_id
        if parent is None or parent == span_id or parent not in by_id:
            tops.append(span_id)
            placed[span_id].orphan = parent is not None and parent != span_id
            placed[span_id].cyclic = parent == span_id
        else:
            children.setdefault(parent, []).append(span_id)
    return children, tops


def _ordered(by_id: _Nodes, placed: _Places) -> tuple[_Children, list[int], list[int]]:
    """Children by parent, the topmost spans, and all spans, each after its parent. Rings are cut, which adds tops."""
    children, tops = _linked(by_id, placed)
    order: list[int] = []
    _visit(tops, children, placed, order)
    if len(order) < len(by_id):  # the rest hangs from rings
        reached = set(order)
        for span_id in by_id:
            if span_id not in reached:
                first = _cut_ring(span_id, by_id, children, placed)
                tops.append(first)
                before = len(order)
                _visit([first], children, placed, order)
                reached.update(order[before:])
    return children, tops, order


def _cut_ring(span_id: int, by_id: _Nodes, children: _Children, placed: _Places) -> int:
    """Take the earliest span of the ring above as topmost."""
    ring = _ring_above(span_id, by_id)
    for member in ring:
        placed[member].cyclic = True
    first = min(ring, key=lambda member: (by_id[member].start_ns, member))
    parent = by_id[first].parent_id
    assert parent is not None
    children[parent].remove(first)
    return first


def _visit(tops: Sequence[int], children: _Children, placed: _Places, order: list[int]) -> None:
    waiting = list(tops)
    while waiting:
        span_id = waiting.pop()
        order.append(span_id)
        below = children.get(span_id)
        if below:
            depth = placed[span_id].depth + 1
            for child in below:
                placed[child].depth = depth
            waiting.extend(below)


def _ring_above(span_id: int, by_id: _Nodes) -> list[int]:
    """The ring that the ancestors of a span run into."""
    seen: dict[int, int] = {}
    path: list[int] = []
    while span_id not in seen:
        seen[span_id] = len(path)
        path.append(span_id)
        parent = by_id[span_id].parent_id
        assert parent is not None
        span_id = parent
    return path[seen[span_id] :]


def _ends(order: list[int], by_id: _Nodes, children: _Children) -> _Ends:
    """When each span ended; one that has not, with what is below it."""
    ends: _Ends = {}
    for span_id in reversed(order):
        node = by_id[span_id]
        if node.end_ns is not None:
            ends[span_id] = max(node.start_ns, node.end_ns)
        else:
            ends[span_id] = max([node.start_ns, *(ends[child] for child in children.get(span_id, ()))])
    return ends


def _own(start: int, end: int, below: Sequence[int], by_id: _Nodes, ends: _Ends) -> int:
    """The time between start and end that no child covers."""
    if not below:
        return end - start
    own, covered = 0, start
    for child_start, child_end in sorted((by_id[child].start_ns, ends[child]) for child in below):
        if child_start >= end:
            break
        if child_start > covered:
            own += child_start - covered
        covered = max(covered, child_end)
    return own + max(0, end - covered)


def _mark_origins(order: list[int], by_id: _Nodes, children: _Children, placed: _Places) -> None:
    failed_below: set[int] = set()
    for span_id in reversed(order):
        below = any(child in failed_below for child in children.get(span_id, ()))
        if by_id[span_id].is_error:
            placed[span_id].error_origin = not below
        if below or by_id[span_id].is_error:
            failed_below.add(span_id)


def _number_attempts(siblings: list[int], by_id: _Nodes, ends: _Ends, placed: _Places) -> None:
    """A sibling of the same name and kind that begins after a failed one ended is the next attempt."""
    if len(siblings) < 2 or not any(by_id[span_id].is_error for span_id in siblings):
        return
    last: dict[tuple[str, Kind], int] = {}
    for span_id in sorted(siblings, key=lambda sibling: (by_id[sibling].start_ns, ends[sibling], sibling)):
        node = by_id[span_id]
        key = (node.name, node.kind)
        previous = last.get(key)
        last[key] = span_id
        if previous is None or not by_id[previous].is_error or node.start_ns < ends[previous]:
            continue
        place, before = placed[span_id], placed[previous]
        if before.attempt is None:
            before.attempt = 1
        if place.attempt is None:
            place.attempt = before.attempt + 1


def _critical(tops: list[int], by_id: _Nodes, children: _Children, ends: _Ends) -> dict[int, int]:
    """Time of the critical path spent in each of its spans."""
    found: dict[int, int] = {}
    roots = [span_id for span_id in tops if by_id[span_id].parent_id is None]
    adopted: _Children = {}
    if len(roots) == 1:
        adopted[roots[0]] = [span_id for span_id in tops if span_id != roots[0]]
        waiting = [(roots[0], by_id[roots[0]].start_ns, ends[roots[0]])]
    else:
        start = min((by_id[span_id].start_ns for span_id in tops), default=0)
        end = max((ends[span_id] for span_id in tops), default=0)
        waiting = _awaited(tops, start, end, by_id, ends)
    while waiting:
        span_id, start, end = waiting.pop()
        below = children.get(span_id, []) + adopted.get(span_id, [])
        awaited = _awaited(below, start, end, by_id, ends) if below else []
        found[span_id] = end - start - sum(upto - since for _, since, upto in awaited)
        waiting += awaited
    return found


def _awaited(below: list[int], start: int, end: int, by_id: _Nodes, ends: _Ends) -> list[tuple[int, int, int]]:
    """The children that were waited for between start and end, each with its stretch: found from the end backwards."""
    stretches = []
    for child in below:
        since, upto = max(by_id[child].start_ns, start), min(ends[child], end)
        if since < upto:
            stretches.append((upto, -since, child))
    stretches.sort(reverse=True)
    found, cursor = [], end
    for upto, negative_since, child in stretches:
        if upto <= cursor:
            found.append((child, -negative_since, upto))
            cursor = -negative_since
    return found
