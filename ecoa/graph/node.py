"""The nodes of a graph, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.review import Review

type Kind = Literal["step", "review", "parallel", "each", "when", "loop", "pipeline", "timer", "signal"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """One call of an agent."""

    name: str
    agent: Agent[Any, Any]
    kind: Kind = "step"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReviewGate:
    """What comes in goes on when people agree."""

    name: str
    review: Review
    rejected: Chain | None = None  # where a rejected value goes instead
    before: Agent[Any, Any] | None = None  # the agent whose output is reviewed, for the schema of an edit
    kind: Kind = "review"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parallel:
    """Branches that get the same input; their outputs as a list, in order, or what `join` makes of it."""

    name: str
    branches: tuple[tuple[str, Chain], ...]
    join: Agent[Any, Any] | None = None
    quorum: int | None = None
    kind: Kind = "parallel"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Each:
    """The same steps for every item of `over(input)`, `limit` at a time; the outputs as a list, in order."""

    name: str
    over: Callable[[Any], Any]
    body: Chain
    limit: int = 10
    kind: Kind = "each"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class When:
    """One of two ways; without `otherwise` the input goes on as it is."""

    name: str
    test: Callable[[Any], Any]
    then: Chain
    otherwise: Chain | None = None
    kind: Kind = "when"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loop:
    """The same steps again on their own output, until `until(output)`."""

    name: str
    body: Chain
    until: Callable[[Any], Any]
    max_rounds: int | None = None
    kind: Kind = "loop"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubPipeline:
    """Another pipeline's steps, inside this run."""

    name: str
    body: Chain
    kind: Kind = "pipeline"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Timer:
    """A stored wait."""

    name: str
    seconds: float
    kind: Kind = "timer"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SignalWait:
    """A wait for RunHandle.signal(); its value goes on."""

    name: str
    signal: str
    timeout: float | None = None  # seconds; AgentTimeout when they are over
    kind: Kind = "signal"


type Node = Step | ReviewGate | Parallel | Each | When | Loop | SubPipeline | Timer | SignalWait


class Chain:
    """Nodes one after the other, each with a name of its own.

    Immutable: `add` returns another chain. Chains share one list as long as only the longest one grows, so that n nodes
    cost O(n) however they are added; growing a shorter one copies it.
    """

    __slots__ = ("_counts", "_names", "_nodes", "_positions", "length")

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._names: list[str] = []
        self._positions: dict[str, int] = {}
        self._counts: dict[str, int] = {}
        self.length = 0

    def add(self, node: Node, name: str, *, explicit: bool = False) -> Chain:
        """With a node at the end, named `name`, or `name#2` when that is taken and was not asked for."""
        longer = self._longest() if self.length == len(self._nodes) else self._copy()
        if explicit and name in longer._positions:
            raise ValueError(f"there is a node {name!r} already: paths must be unique")
        count = longer._counts[name] = longer._counts.get(name, 0) + 1
        unique = name
        while unique in longer._positions:
            count = longer._counts[name] = max(count, 2) if unique == name else count + 1
            unique = f"{name}#{count}"
        longer._positions[unique] = longer.length
        longer._nodes.append(node)
        longer._names.append(unique)
        longer.length += 1
        return longer

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, position: int) -> Node:
        return self._nodes[position]

    def name(self, position: int) -> str:
        """The name that the node at this position has here."""
        return self._names[position]

    def position(self, name: str) -> int | None:
        """Where a node stands; None when there is none of that name."""
        found = self._positions.get(name)
        return found if found is not None and found < self.length else None

    def nodes(self) -> list[tuple[str, Node]]:
        """Names and nodes, in order."""
        return list(zip(self._names[: self.length], self._nodes[: self.length], strict=True))

    def _longest(self) -> Self:
        twin = object.__new__(type(self))
        twin._nodes, twin._names, twin._positions, twin._counts = (
            self._nodes,
            self._names,
            self._positions,
            self._counts,
        )
        twin.length = self.length
        return twin

    def _copy(self) -> Chain:
        copy = Chain()
        for name, node in self.nodes():
            copy = copy.add(node, name)
        return copy
