"""Where a node stands and what comes after it: pure, from the graph and a path alone.

A chain's end goes on where its container does: after a `when` or a sub-pipeline the steps behind it, after a loop's
round the question whether it was the last, after a branch or an item the count-down of what is still open.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from ecoa.errors import NotFound
from ecoa.graph.node import Chain, Each, Loop, Node, Parallel, ReviewGate, SubPipeline, Timer, When
from ecoa.graph.path import SEGMENT
from ecoa.store.base import Join, NewNode, RunStatus

type Role = Literal["node", "join", "items", "item", "round"]
type First = Literal["ready", "leased"]


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A node of the graph, and through which containers it is reached."""

    chain: Chain
    at: int
    prefix: str  # of the paths in this chain: "", "fan[customer-17].", "loop@3.", "sub/"
    parent: Place | None = None
    key: str = ""  # which of the parent's branches, items or rounds this chain is
    role: Role = "node"
    own: str = ""  # the item or round that the path itself names

    @property
    def node(self) -> Node:
        """The node that stands here."""
        return self.chain[self.at]

    @property
    def path(self) -> str:
        """Its path, without a role's ending."""
        return self.prefix + self.chain.name(self.at)

    @property
    def container(self) -> str:
        """Of a parallel or each: the path of the row that counts what is open."""
        return f"{self.path}.items" if isinstance(self.node, Each) else self.path


@dataclass(slots=True, eq=False)
class Onward:
    """What a node's end leads to."""

    creates: list[NewNode] = field(default_factory=list)
    join: Join | None = None
    ends: RunStatus | None = None
    result: str | None = None
    lane: Place | None = None  # an item of this place's each ended: the next one of its lane begins
    key: str = ""  # that item's


def locate(root: Chain, path: str) -> Place:
    """The place of a path; NotFound when the graph has none such."""
    at = root.position(path)
    if at is not None:
        return Place(root, at, "")
    place: Place | None = None
    chain, key, begin = root, "", 0
    while True:
        found = SEGMENT.match(path, begin)
        at = chain.position(found["name"]) if found else None
        if found is None or at is None:
            raise NotFound(f"the pipeline has no node {path!r}")
        place = Place(chain, at, path[:begin], place, key)
        begin = found.end()
        own = found["key"] if found["key"] is not None else found["round"]
        if begin == len(path):
            return place if own is None else _of_role(place, "item" if found["key"] is not None else "round", own)
        rest = path[begin:]
        if own is None and found["end"] == "." and rest in ("join", "items"):
            return _of_role(place, "join" if rest == "join" else "items")
        chain, key = _inner(place.node, own, found["end"], path), own or ""


def enter(chain: Chain, at: int, prefix: str, text: str, first: First = "leased") -> list[NewNode]:
    """The rows that begin the node at this position with this input; the first is handed to the writer."""
    node = chain[at]
    path = prefix + chain.name(at)
    match node:
        case Parallel():
            needed = node.quorum or len(node.branches)
            spare = len(node.branches) - needed
            created = [NewNode(path=path, kind="parallel", status="open", opens=needed, spare=spare)]
            for key, branch in node.branches:
                status: First = first if len(created) == 1 else "ready"
                created += enter(branch, 0, f"{path}[{key}].", text, status)
            return created
        case Loop():
            return enter(node.body, 0, f"{path}@1.", text, first)
        case SubPipeline():
            return enter(node.body, 0, f"{path}/", text, first)
        case Timer():
            return [NewNode(path=path, kind="timer", input=text, delay=node.seconds)]
        case _:
            return [NewNode(path=path, kind=node.kind, input=text, status=first)]


def onward(place: Place, text: str) -> Onward:
    """What comes when the node here ended with this output."""
    while place.at + 1 >= place.chain.length:
        parent = place.parent
        if parent is None:
            return Onward(ends="success", result=text)
        match parent.node:
            case Loop():
                return Onward([NewNode(path=f"{parent.path}@{place.key}", kind="loop", input=text, status="leased")])
            case Parallel() | Each():
                return _count_down(place, parent, text)
            case _:
                place = parent
    return Onward(enter(place.chain, place.at + 1, place.prefix, text))


def failure_join(place: Place) -> Join | None:
    """The innermost container around it that can do without a branch."""
    while place.parent is not None:
        parent = place.parent
        if isinstance(parent.node, Parallel) and parent.node.quorum is not None:
            return replace(_join(parent), branch=f"{parent.path}[{place.key}]")
        place = parent
    return None


def output_path(container: str, key: str, chain: Chain) -> str:
    """The row that holds what a branch or an item ended with: its last node's, else one of its own."""
    return _last_row(f"{container}[{key}].", chain) or f"{container}[{key}]"


def successors(place: Place) -> list[str]:
    """Names of the nodes after it, at every level: what a run that is here still needs."""
    found: list[str] = []
    here: Place | None = place
    while here is not None:
        found += [here.prefix + here.chain.name(at) for at in range(here.at + 1, here.chain.length)]
        here = here.parent
    return found


def _last_row(prefix: str, chain: Chain) -> str | None:
    """The row that always is a chain's last; None when that depends on what happens."""
    node = chain[chain.length - 1]
    path = prefix + chain.name(chain.length - 1)
    match node:
        case Parallel() | Each():
            return f"{path}.join"
        case SubPipeline():
            return _last_row(f"{path}/", node.body)
        case Loop() | When():
            return None
        case ReviewGate():
            return path if node.rejected is None else None
        case _:
            return path


def _of_role(place: Place, role: Role, own: str = "") -> Place:
    return Place(place.chain, place.at, place.prefix, place.parent, place.key, role, own)


def _inner(node: Node, own: str | None, end: str, path: str) -> Chain:
    found: Chain | None = None
    match node:
        case Parallel() if own is not None:
            found = next((chain for key, chain in node.branches if key == own), None)
        case When() if own in ("yes", "no"):
            found = node.then if own == "yes" else node.otherwise
        case Each() | Loop() if own is not None:
            found = node.body
        case SubPipeline() if end == "/":
            found = node.body
        case ReviewGate() if own == "rejected":
            found = node.rejected
        case _:
            pass
    if found is None:
        raise NotFound(f"the pipeline has no node {path!r}")
    return found


def _count_down(place: Place, parent: Place, text: str) -> Onward:
    key = place.key
    holds = output_path(parent.path, key, place.chain)
    creates = []
    if holds == f"{parent.path}[{key}]":
        creates.append(NewNode(path=holds, kind="item", status="done", output=text))
    lane = parent if isinstance(parent.node, Each) else None
    return Onward(creates, _join(parent), lane=lane, key=key)


def _join(parent: Place) -> Join:
    return Join(
        container=parent.container,
        then=NewNode(path=f"{parent.path}.join", kind="join", status="leased"),
        cancel_rest=isinstance(parent.node, Parallel) and parent.node.quorum is not None,
    )
