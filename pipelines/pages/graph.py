"""Where the nodes of a definition stand when it is drawn: pure geometry, left to right, containers as frames.

A sequence runs along one line and, at the top, wraps into rows; branches stand under each other; what a container does
is written on its frame. Everything has a place in the definition ("fan.extract"), by which live counts find it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ecoa.graph.path import escaped

type NodeJson = Mapping[str, Any]  # a node of a definition's JSON

WIDTH, HEIGHT = 160, 44  # of a step
GAP = 28  # between steps, where the edge is
ROW_GAP, BRANCH_GAP = 24, 12
WAY = 44  # what the word on a way takes
PAD, HEAD = 12, 22  # of a frame: around what is inside, and its label
LINE = 1120  # where the top sequence wraps
MOST = 2_000  # nodes drawn
CONTAINERS = {"parallel", "each", "when", "loop", "pipeline", "review", "branch"}
FORKS = {"parallel", "when", "review"}  # their children are branches
DOES = {
    "when": "one way or the other",
    "pipeline": "a pipeline of its own",
    "review": "a person decides",
}
WAYS = {"yes": "yes", "no": "no", "rejected": "if rejected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A node."""

    place: str
    name: str
    kind: str
    node: NodeJson
    x: float
    y: float
    width: float = WIDTH
    height: float = HEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A container around others."""

    place: str
    kind: str
    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A line along points."""

    points: tuple[tuple[float, float], ...]
    label: str = ""
    at: tuple[float, float] = (0, 0)  # where its label begins

    @property
    def path(self) -> str:
        """Its SVG path."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.points)

    def moved(self, dx: float, dy: float) -> Edge:
        """It, elsewhere."""
        points = tuple((x + dx, y + dy) for x, y in self.points)
        return replace(self, points=points, at=(self.at[0] + dx, self.at[1] + dy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Something drawn from (0, 0), entered at its left and left at its right at the height `mid`."""

    width: float
    height: float
    mid: float
    boxes: tuple[Box, ...] = ()
    frames: tuple[Frame, ...] = ()
    edges: tuple[Edge, ...] = ()
    left_out: int = 0  # nodes beyond the limit

    def moved(self, dx: float, dy: float) -> Drawing:
        """It, elsewhere."""
        return replace(
            self,
            boxes=tuple(replace(box, x=box.x + dx, y=box.y + dy) for box in self.boxes),
            frames=tuple(replace(frame, x=frame.x + dx, y=frame.y + dy) for frame in self.frames),
            edges=tuple(edge.moved(dx, dy) for edge in self.edges),
        )


def draw(steps: Sequence[NodeJson], *, line: float = LINE) -> Drawing:
    """A definition's steps."""
    shown, left_out = list(steps), 0
    if len(shown) > MOST:
        shown, left_out = shown[:MOST], len(shown) - MOST
    rows = _wrapped([_drawn(node, "") for node in shown], line)
    return replace(_rows(rows), left_out=left_out)


def places_of(steps: Iterable[NodeJson], inside: str = "") -> list[tuple[str, NodeJson]]:
    """Every node with its place in the definition, in order, containers before what they hold."""
    found: list[tuple[str, NodeJson]] = []
    for node in steps:
        place = place_of(node, inside)
        found.append((place, node))
        for branch in branches(node):
            found += places_of(branch, place)
    return found


def branch_pattern(steps: Iterable[NodeJson]) -> str:
    """A pattern of the brackets in paths that name a branch: "fan[stock].check" is in one, "fan[customer-17].check" is
    an item's."""
    names = {escaped(str(node.get("name", ""))) for _, node in places_of(steps) if node.get("kind") == "branch"}
    return rf"\[({'|'.join(map(re.escape, sorted(names)))})\]"


def place_in(path: str, steps: Iterable[NodeJson]) -> str:
    """The place of a path: without the keys of items and the rounds of loops."""
    return re.sub(r"\[[^\]]*\]|@\d+", "", re.sub(branch_pattern(steps), r".\1", path)).replace("/", ".")


def place_of(node: NodeJson, inside: str) -> str:
    """A node's place: its name within its container's."""
    name = escaped(str(node.get("name", "")))
    return f"{inside}.{name}" if inside else name


def branches(node: NodeJson) -> list[list[NodeJson]]:
    """What a container holds: of a fork each branch by itself, else everything as one line."""
    children = [child for child in node.get("children") or () if isinstance(child, Mapping)]
    if node.get("kind") in FORKS:
        return [[child] for child in children]
    return [children] if children else []


def _drawn(node: NodeJson, inside: str) -> Drawing:
    place = place_of(node, inside)
    kind = str(node.get("kind", "step"))
    held = branches(node)
    box = Box(place=place, name=str(node.get("name", "")), kind=kind, node=node, x=0, y=0)
    alone = Drawing(width=WIDTH, height=HEIGHT, mid=HEIGHT / 2, boxes=(box,))
    if kind not in CONTAINERS or not held:
        return Drawing(width=GAP, height=HEIGHT, mid=HEIGHT / 2) if kind == "branch" else alone
    if kind == "branch":
        return _line([_drawn(step, place) for step in held[0]])
    lines = [_line([_drawn(step, place) for step in branch]) for branch in held]
    ways = [WAYS.get(str(branch[0].get("name", "")), "") if kind in FORKS - {"parallel"} else "" for branch in held]
    if kind == "review":
        return _framed(_stack([alone, *lines], ["", *ways]), place, kind, label_of(node))
    if kind in FORKS:
        skips = kind == "when" and len(held) == 1
        return _framed(_stack(lines, ways, skips=skips), place, kind, label_of(node))
    return _framed(_inset(lines[0]), place, kind, label_of(node))


def label_of(node: NodeJson) -> str:
    """What a container does, in a few words."""
    match node.get("kind"):
        case "parallel":
            quorum = node.get("quorum")
            does = f"side by side, {f'{quorum} of {len(branches(node))} are enough' if quorum else 'all of them'}"
        case "each":
            does = f"for each{f', {node["limit"]} at a time' if node.get('limit') else ''}"
        case "loop":
            does = f"again until done{f', {node["max_rounds"]} rounds at most' if node.get('max_rounds') else ''}"
        case kind:
            does = DOES.get(str(kind), "")
    return f"{node.get('name', '')} · {does}"


def _line(parts: Sequence[Drawing]) -> Drawing:
    """One after the other, on one line."""
    if not parts:
        return Drawing(width=0, height=HEIGHT, mid=HEIGHT / 2)
    mid = max(part.mid for part in parts)
    height = mid + max(part.height - part.mid for part in parts)
    x = 0.0
    boxes: list[Box] = []
    frames: list[Frame] = []
    edges: list[Edge] = []
    for index, part in enumerate(parts):
        if index:
            edges.append(Edge(points=((x, mid), (x + GAP, mid))))
            x += GAP
        there = part.moved(x, mid - part.mid)
        boxes += there.boxes
        frames += there.frames
        edges += there.edges
        x += part.width
    return Drawing(width=x, height=height, mid=mid, boxes=tuple(boxes), frames=tuple(frames), edges=tuple(edges))


def _inset(line: Drawing) -> Drawing:
    """A line with its way in and out."""
    edges = (
        Edge(points=((0, line.mid), (PAD, line.mid))),
        Edge(points=((PAD + line.width, line.mid), (2 * PAD + line.width, line.mid))),
    )
    there = line.moved(PAD, 0)
    return replace(there, width=line.width + 2 * PAD, edges=(*there.edges, *edges))


def _stack(lines: Sequence[Drawing], ways: Sequence[str], *, skips: bool = False) -> Drawing:
    """Branches under each other, with a fork before and a join after them; `skips` adds a way past them."""
    width = max(line.width for line in lines)
    lead = GAP + WAY * (any(ways) or skips)
    y = 0.0
    boxes: list[Box] = []
    frames: list[Frame] = []
    edges: list[Edge] = []
    mids: list[float] = []
    for line in lines:
        there = line.moved(lead, y)
        boxes += there.boxes
        frames += there.frames
        edges += there.edges
        mids.append(y + line.mid)
        y += line.height + BRANCH_GAP
    height = y - BRANCH_GAP
    if skips:
        height += BRANCH_GAP + 8
        mids.append(height - 4)
    whole = width + lead + GAP
    mid = (mids[0] + mids[-1]) / 2 if len(mids) > 1 else mids[0]
    ends = [lead + line.width for line in lines] + [lead] * skips
    for at, end, way in zip(mids, ends, [*ways, *["no"] * skips], strict=True):
        edges.append(
            Edge(points=((0, mid), (GAP / 2, mid), (GAP / 2, at), (lead, at)), label=way, at=(GAP / 2 + 4, at - 4))
        )
        edges.append(Edge(points=((end, at), (whole - GAP / 2, at), (whole - GAP / 2, mid), (whole, mid))))
    return Drawing(width=whole, height=height, mid=mid, boxes=tuple(boxes), frames=tuple(frames), edges=tuple(edges))


def _framed(inner: Drawing, place: str, kind: str, label: str) -> Drawing:
    width, height = inner.width, inner.height + HEAD + PAD
    frame = Frame(place=place, kind=kind, label=label, x=0, y=0, width=width, height=height)
    there = inner.moved(0, HEAD)
    return replace(there, width=width, height=height, mid=inner.mid + HEAD, frames=(frame, *there.frames))


def _wrapped(parts: Sequence[Drawing], line: float) -> list[list[Drawing]]:
    rows: list[list[Drawing]] = [[]]
    used = 0.0
    for part in parts:
        if rows[-1] and used + GAP + part.width > line:
            rows.append([])
            used = 0.0
        used += part.width + (GAP if rows[-1] else 0)
        rows[-1].append(part)
    return rows


def _rows(rows: Sequence[Sequence[Drawing]]) -> Drawing:
    """Lines under each other, the end of one joined to the beginning of the next."""
    lines = [_line(row) for row in rows]
    indent = GAP if len(lines) > 1 else 0
    width = max(line.width for line in lines) + 2 * indent
    y = 0.0
    boxes: list[Box] = []
    frames: list[Frame] = []
    edges: list[Edge] = []
    for index, line in enumerate(lines):
        there = line.moved(indent, y)
        boxes += there.boxes
        frames += there.frames
        edges += there.edges
        if index + 1 < len(lines):
            below = y + line.height + ROW_GAP
            turn, end = indent + line.width, below - ROW_GAP / 2
            start = below + lines[index + 1].mid
            way = (turn, y + line.mid), (turn + GAP / 2, y + line.mid), (turn + GAP / 2, end), (GAP / 2, end)
            edges.append(Edge(points=(*way, (GAP / 2, start), (indent, start))))
        y += line.height + ROW_GAP
    height = y - ROW_GAP
    mid = lines[0].mid
    return Drawing(width=width, height=height, mid=mid, boxes=tuple(boxes), frames=tuple(frames), edges=tuple(edges))
