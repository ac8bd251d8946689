"""What only a whole trace can tell about each of its spans: whose agent it is, and whether its usage counts.

Pure: a function of the set of spans, the same for any order of arrival. The rules:

1. A span's agent is its own name, else that of the nearest span above it that has one. An agent span without a name has
   none: its calls are not those of the agent above it.
2. While an ancestor is missing and no agent is known below it, the span is unsettled. Its caller decides how long.
3. Usage counts for model calls only, each once. A model call with another one below it repeats what that one says,
   unless an agent or a tool stands between them: then it asked for their work, and that is a call of its own.
4. Of several model calls with one response id, one that tells its usage counts; then the deepest, the earliest, the
   smallest id.
5. Two neighbours from two instrumentations, of one model, one within the other's time, that tell the same or of which
   one tells nothing, are one call as well (traces.twins). A call that repeats another's is no call in any count.
6. A cycle of parents has no top: its spans have no agent from above, and count as their own descendants.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from traces.span import MODEL_KINDS, Flag, Kind
from traces.twins import twins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from traces.span import Span

# Plain integers: an IntFlag's operators cost a microsecond each, ten times a span.
AGENT_INHERITED = int(Flag.AGENT_INHERITED)
USAGE_COUNTED = int(Flag.USAGE_COUNTED)
PENDING = int(Flag.PENDING)
TIMED_OUT = int(Flag.TIMED_OUT)
UNSETTLED = int(Flag.AGENT_UNSETTLED)
UNPRICED = int(Flag.UNPRICED)
REPEATED = int(Flag.REPEATED)

MISSING = ""  # the agent of a span with a missing ancestor
IS_MODEL = tuple(kind in MODEL_KINDS for kind in sorted(Kind))
IS_WORKER = tuple(kind in (Kind.AGENT, Kind.TOOL) for kind in sorted(Kind))


@dataclass(slots=True)
class Decided:
    """A span with what its trace says about it. Not frozen: 20,000 a second."""

    span: Span
    agent: str | None
    flags: int
    critical_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Every span decided, and whether the trace is complete: a root, every parent, nothing that still runs."""

    spans: list[Decided]
    complete: bool


def decide(spans: Sequence[Span]) -> Decision:
    """Decide every span from all the spans of its trace that are known."""
    by_id = {span.span_id: span for span in spans}
    above: dict[int, str | None] = {}
    counted, repeated = _calls(spans, by_id)
    decided = []
    rooted, whole = False, True
    for span in spans:
        agent, flags = span.agent, span.logged
        parent_id = span.parent_id
        if parent_id is None or parent_id == span.span_id:
            rooted = True
        else:
            if parent_id not in by_id:
                whole = False
            if agent is None and span.kind is not Kind.AGENT:
                agent, inherited = _inherited(span, by_id, above)
                flags |= inherited
        if span.span_id in counted:
            flags |= USAGE_COUNTED if span.cost is not None else USAGE_COUNTED | UNPRICED
        elif span.span_id in repeated:
            flags |= REPEATED
        if span.timed_out:
            flags |= TIMED_OUT
        if span.pending:
            flags = flags & ~UNSETTLED | PENDING
            whole = False
        decided.append(Decided(span, agent, flags))
    return Decision(spans=decided, complete=rooted and whole)


def contributes(decided: Decided) -> bool:
    """Whether the rollups hold the span: one that still runs, or whose agent is still open, is not in them yet."""
    return not decided.flags & (PENDING | UNSETTLED)


def _inherited(span: Span, by_id: dict[int, Span], above: dict[int, str | None]) -> tuple[str | None, int]:
    """The agent from above and the flag that says so. `above` remembers the answers of spans already climbed."""
    path: list[int] = []
    agent: str | None = None
    current: Span | None = span
    while current is not None:
        if current.agent is not None:
            agent = current.agent
            break
        if current.span_id in above:
            agent = above[current.span_id]
            break
        above[current.span_id] = None  # met again: a cycle
        path.append(current.span_id)
        parent_id = current.parent_id
        if parent_id is None:
            break
        current = by_id.get(parent_id)
        if current is None:
            agent = MISSING
    for span_id in path:
        above[span_id] = agent
    if agent == MISSING:
        return None, UNSETTLED
    return agent, AGENT_INHERITED if agent is not None else 0


def _calls(spans: Iterable[Span], by_id: dict[int, Span]) -> tuple[set[int], set[int]]:
    """Ids of the spans whose usage counts, and of those that repeat another span's call: rules 3 to 5."""
    models = [span for span in spans if IS_MODEL[span.kind] and not span.pending]
    if len(models) < 2:
        return {span.span_id for span in models if reports(span)}, set()
    telling = [span for span in models if reports(span)]
    silent = [span for span in models if not reports(span)] if len(telling) < len(models) else []
    wrappers = _ancestors(telling, by_id)
    calls = [span for span in telling if span.span_id not in wrappers]
    if silent:
        wrappers |= _ancestors(silent, by_id) - {span.span_id for span in calls}
        calls += [span for span in silent if span.span_id not in wrappers]
    repeated = {span.span_id for span in models if span.span_id in wrappers}
    alone = _one_of_each(calls, by_id)
    repeated |= {span.span_id for span in calls} - alone
    counted = {span.span_id for span in telling} & alone
    for span in silent:
        if span.span_id in alone and _is_part(span, counted, by_id):
            repeated.add(span.span_id)
    return counted, repeated


def _one_of_each(calls: Sequence[Span], by_id: dict[int, Span]) -> set[int]:
    """Ids of the calls without their twins: rules 4 and 5."""
    if len(calls) < 2:
        return {span.span_id for span in calls}
    depths: dict[int, int] = {}
    answers: dict[int, Span] = {}
    gone: set[int] = set()
    for span in calls:
        key = span.response_key
        if key is None:
            continue
        other = answers.setdefault(key, span)
        if other is not span:
            first = _rank(span, by_id, depths) < _rank(other, by_id, depths)
            gone.add(other.span_id if first else span.span_id)
            answers[key] = span if first else other
    kept = [span for span in calls if span.span_id not in gone]
    return {span.span_id for span in kept} - twins(kept)


def _is_part(span: Span, counted: set[int], by_id: dict[int, Span]) -> bool:
    """Whether a call that tells no usage stands below one whose usage counts, no agent or tool between them."""
    climbed: set[int] = set()
    parent_id = span.parent_id
    while parent_id is not None and parent_id not in climbed:
        if parent_id in counted:
            return True
        climbed.add(parent_id)
        parent = by_id.get(parent_id)
        if parent is None or IS_WORKER[parent.kind]:
            return False
        parent_id = parent.parent_id
    return False


def reports(span: Span) -> bool:
    """Whether the span says anything about tokens or cost."""
    usage = span.usage
    return span.cost is not None or (
        usage is not None
        and (
            usage.uncached is not None
            or usage.output_text is not None
            or usage.cache_read is not None
            or usage.cache_write is not None
            or usage.reasoning is not None
        )
    )


def _ancestors(users: Iterable[Span], by_id: dict[int, Span]) -> set[int]:
    """Ids of every known span above any of these, up to the nearest agent or tool."""
    seen: set[int] = set()
    for user in users:
        current: Span | None = user
        while current is not None:
            parent_id = current.parent_id
            if parent_id is None or parent_id in seen or parent_id == current.span_id:
                break
            seen.add(parent_id)
            current = by_id.get(parent_id)
            if current is not None and IS_WORKER[current.kind]:
                break
    return seen


def _rank(span: Span, by_id: dict[int, Span], depths: dict[int, int]) -> tuple[bool, int, int, int]:
    """The smallest is the one that counts: it tells its usage, then the deepest, the earliest, the smallest id."""
    return not reports(span), -_depth(span, by_id, depths), span.start_ns, span.span_id


def _depth(span: Span, by_id: dict[int, Span], depths: dict[int, int]) -> int:
    """How many known spans stand above; below a cycle as many as there are. `depths` remembers those climbed."""
    path: list[int] = []
    current: Span | None = span
    above = -1
    while current is not None:
        known = depths.get(current.span_id)
        if known is not None:
            above = known
            break
        depths[current.span_id] = len(by_id)  # met again: a cycle
        path.append(current.span_id)
        current = by_id.get(current.parent_id) if current.parent_id is not None else None
    for span_id in reversed(path):
        above = min(above + 1, len(by_id))
        depths[span_id] = above
    return depths[span.span_id]
