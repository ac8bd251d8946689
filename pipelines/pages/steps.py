"""The nodes of a run as a tree: containers before what they hold, each with its bar on the run's time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.queries.reviews import ReviewRow
from pipelines.queries.run import EffectRow, Node

DEEPEST = 12  # levels of indentation
THINNEST = 0.4  # percent: a bar that short is still seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A node with its place in the tree."""

    node: Node
    depth: int
    way: str  # the branch, the item or the round of its container that it stands in
    name: str
    bar_x: float  # percent of the run's time
    bar_width: float
    effects: tuple[EffectRow, ...] = ()
    review: ReviewRow | None = None

    @property
    def icon(self) -> str:
        """The kind's icon."""
        kind = self.node.kind
        if self.review is not None or kind in {"review", "gate"}:
            return "human"
        return {"step": "agent", "pipeline": "pipeline", "timer": "other", "signal": "other"}.get(kind, "chain")

    @property
    def loud(self) -> bool:
        """Whether a person has to look at it."""
        return self.node.status in {"unknown", "held"} or any(effect.status == "unknown" for effect in self.effects)

    @property
    def bar(self) -> str:
        """The look of its bar."""
        if self.node.status in {"error", "unknown", "held"}:
            return "bad"
        return "human" if self.node.status == "paused" else "wait" if self.node.status in {"ready", "waiting"} else "ok"

    @property
    def error(self) -> str:
        """What went wrong."""
        told = self.node.error or {}
        return ": ".join(str(told[name]) for name in ("type", "message") if told.get(name))


def steps_of(
    nodes: Sequence[Node],
    *,
    start: datetime,
    end: datetime,
    effects: Iterable[EffectRow] = (),
    reviews: Iterable[ReviewRow] = (),
) -> list[Step]:
    """The tree in reading order."""
    by_path = {node.path: node for node in nodes}
    parents = {node.path: parent_of(node.path, by_path) for node in nodes}
    children: dict[str | None, list[Node]] = {}
    for node in nodes:
        children.setdefault(parents[node.path], []).append(node)
    ledger: dict[str, list[EffectRow]] = {}
    for effect in effects:
        ledger.setdefault(_owner(effect.path, by_path), []).append(effect)
    asked = {review.path: review for review in reviews}
    width = max((end - start) / timedelta(milliseconds=1), 1.0)
    found: list[Step] = []
    waiting = [(node, 0) for node in reversed(children.get(None, ()))]
    while waiting:
        node, depth = waiting.pop()
        parent = parents[node.path]
        begun = node.started_at or node.created_at
        x = min(max((begun - start) / timedelta(milliseconds=1) / width * 100, 0.0), 100 - THINNEST)
        took = ((node.finished_at or end) - begun) / timedelta(milliseconds=1) / width * 100
        way, name = way_and_name(node.path if parent is None else node.path[len(parent) :])
        found.append(
            Step(
                node=node,
                depth=min(depth, DEEPEST),
                way=way,
                name=name,
                bar_x=round(x, 2),
                bar_width=round(min(max(took, THINNEST), 100 - x), 2),
                effects=tuple(ledger.get(node.path, ())),
                review=asked.get(node.path),
            )
        )
        waiting += [(child, depth + 1) for child in reversed(children.get(node.path, ()))]
    return found


def way_and_name(path: str) -> tuple[str, str]:
    """Which way through its container a step stands in, and its name: ("yes", "stock") of `[yes].stock`."""
    container, name = within(path)
    if not container:
        return "", path.lstrip("./")
    inner = container[1:-1]
    if container == f"[{inner}]" and not {"[", "]"} & set(inner):
        return inner, name
    return f"round {container[1:]}" if container[1:].isdecimal() else container.lstrip("./"), name


def within(path: str) -> tuple[str, str]:
    """What a path's last name stands in, and that name: ("big[a.b]", "pay") of `big[a.b].pay`."""
    depth = 0
    for index in range(len(path) - 1, 0, -1):
        depth += {"]": 1, "[": -1}.get(path[index], 0)
        if depth == 0 and path[index] in "./":
            return path[:index], path[index + 1 :]
    return "", path


def parent_of(path: str, known: Mapping[str, object]) -> str | None:
    """The nearest container of a path that is a node itself: `fan` of `fan[a.b].extract`."""
    at = len(path)
    while (at := _before(path, at)) > 0:
        if path[:at] in known and path[:at] != path:
            return path[:at]
    return None


def _before(path: str, at: int) -> int:
    """The end of the longest shorter beginning at which a name, a key, a round or a part could end."""
    depth = 0
    for index in range(at - 1, 0, -1):
        sign = path[index]
        if sign == "]":
            depth += 1
        elif sign == "[":
            depth -= 1
            if depth <= 0:
                return index
        elif depth <= 0 and sign in "./@#":
            return index
    return 0


def _owner(path: str, known: Mapping[str, object]) -> str:
    return path if path in known else parent_of(path, known) or path
