"""One turn of a node: what is known of it, and how its end is written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecoa import clock
from ecoa.calling.scope import Scope
from ecoa.codec import loads
from ecoa.engine.plan import Onward, Place, enter, failure_join, onward
from ecoa.errors import AgentError
from ecoa.graph.node import Each
from ecoa.store.base import (
    EffectDone,
    Finish,
    Lease,
    NewEvent,
    NewNode,
    NewReview,
    NodeStatus,
    RunStatus,
    SessionWrites,
)

if TYPE_CHECKING:
    from ecoa.context import SessionContext
    from ecoa.engine import Engine
    from ecoa.graph.pipeline import Pipeline

type Json = dict[str, Any]


@dataclass(slots=True, eq=False, kw_only=True)
class Turn:
    """A lease with the graph around it."""

    engine: Engine
    lease: Lease
    pipeline: Pipeline[Any, Any]
    place: Place
    scope: Scope | None = None
    events: list[NewEvent] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The input as stored."""
        return self.lease.input or "null"

    def value(self) -> Any:
        """The input."""
        return loads(self.text)

    def state(self) -> Json:
        """What the turn before left."""
        return json.loads(self.lease.state) if self.lease.state else {}

    def decision(self) -> Json | None:
        """What people decided: {"decision", "output", "by", "comment"}, the output still as stored."""
        return json.loads(self.lease.decision) if self.lease.decision else None

    def event(self, kind: str, /, **data: Any) -> None:
        """Add a line to the run's history, about this node."""
        self.events.append(NewEvent(kind=kind, path=self.lease.path, data=data))

    def new_scope(self, state: Json, decision: Json | None, session: SessionContext | None) -> Scope:
        """The scope of the node's call."""
        lease, engine = self.lease, self.engine
        left = lease.deadline_in
        self.scope = Scope(
            path=lease.path,
            trace_id=lease.trace_id,
            run_id=lease.run_id,
            deadline=None if left is None else clock.monotonic() + left,
            store=engine.store,
            worker=engine.worker,
            fence=lease.fence,
            lease_until=engine.leased_until(),
            attempt=lease.attempt,
            session=session,
            decision=None if decision is None else {**decision, "output": _decoded(decision.get("output"))},
            state=state.get("call"),
            durable=True,
            events=self.events,
            transaction=engine.transaction,
        )
        return self.scope

    # ---- ends

    async def done(self, text: str, **more: Any) -> Finish:
        """The node has this output: what comes next is made with it."""
        return await self.going(onward(self.place, text), text, **more)

    async def going(self, after: Onward, text: str, **more: Any) -> Finish:
        """The node has this output, and this is what it leads to."""
        creates = after.creates
        if after.lane is not None:
            creates = [*creates, *await self._next_of_lane(after.lane, after.key)]
        return self.finish(
            "done", output=text, creates=creates, join=after.join, ends=after.ends, result=after.result, **more
        )

    def failed(self, error: AgentError, *, ends: RunStatus = "error", more: Mapping[str, Any] | None = None) -> Finish:
        """The node failed, and with it the run, unless a quorum can do without it."""
        told = {**error.describe(), **(more or {})}
        return self.finish("error", error=told, join=failure_join(self.place), ends=ends)

    def held(self, kind: str, message: str) -> Finish:
        """Only a person can say how it goes on."""
        return self.finish("held", error={"type": kind, "message": message})

    def paused(self, review: NewReview, state: Json, *, session: SessionWrites | None = None) -> Finish:
        """People are asked."""
        return self.finish("paused", review=review, state=json.dumps({**state, "review": review.id}), session=session)

    def finish(self, status: NodeStatus, **more: Any) -> Finish:
        """Any end of this turn."""
        scope = self.scope
        effect: EffectDone | None = scope.effect if scope is not None else None
        return Finish(
            run_id=self.lease.run_id,
            path=self.lease.path,
            fence=self.lease.fence,
            status=status,
            events=self.events,
            effect=effect,
            attempts=max(scope.calls, 1) if scope is not None else 1,
            **more,
        )

    # ---- items of an each

    async def items(self, place: Place) -> Items:
        """What an each goes over, read once and kept for a while."""
        key = (self.lease.run_id, place.container)
        found = self.engine.items.get(key)
        if found is None:
            rows = await self.engine.store.nodes(self.lease.run_id, paths=[place.container])
            found = self.engine.items.put(key, Items.of(rows[0].input or "[]"))
        return found

    async def _next_of_lane(self, place: Place, key: str) -> list[NewNode]:
        assert isinstance(place.node, Each)
        items = await self.items(place)
        at = items.index[key] + place.node.limit
        return begin_items(place, items, [at]) if at < len(items.keys) else []


@dataclass(slots=True, eq=False)
class Items:
    """The items of an each, as stored: a JSON list of [key, item]."""

    keys: list[str]
    raw: list[Any]
    index: dict[str, int]

    @staticmethod
    def of(text: str) -> Items:
        """From the container's input."""
        pairs = json.loads(text)
        keys = [key for key, _ in pairs]
        return Items(keys, [item for _, item in pairs], {key: at for at, key in enumerate(keys)})


def begin_items(place: Place, items: Items, which: Sequence[int]) -> list[NewNode]:
    """The rows that begin these items."""
    node = place.node
    assert isinstance(node, Each)
    created: list[NewNode] = []
    for at in which:
        prefix = f"{place.path}[{items.keys[at]}]."
        created += enter(node.body, 0, prefix, as_text(items.raw[at]), "ready" if created else "leased")
    return created


def as_text(raw: Any) -> str:
    """A stored value that was parsed as plain JSON, as text again."""
    return json.dumps(raw, ensure_ascii=False, separators=(",", ":"))


def _decoded(raw: Any) -> Any:
    return loads(as_text(raw))
