"""Turns that call no agent: ways, rounds, items, joins, timers, signals, reviews."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

from ecoa.calling.usage import confidence_of
from ecoa.codec import dumps
from ecoa.engine.asking import ask_at_gate, asks
from ecoa.engine.plan import Onward, enter, output_path
from ecoa.engine.step import step
from ecoa.engine.turn import Items, Turn, as_text, begin_items
from ecoa.errors import AgentError, AgentTimeout, Rejected
from ecoa.graph.node import Each, Loop, Parallel, ReviewGate, SignalWait, When
from ecoa.graph.path import item_keys
from ecoa.result import Result
from ecoa.store.base import Finish, NewNode


async def when(turn: Turn, node: When) -> Finish:
    """Choose a way."""
    yes = bool(await _ask(node.test, turn.value()))
    way, chain = ("yes", node.then) if yes else ("no", node.otherwise)
    turn.event("branch", way=way)
    if chain is None:
        return await turn.done(turn.text)
    return await turn.going(Onward(enter(chain, 0, f"{turn.place.path}[{way}].", turn.text)), turn.text)


async def round_ended(turn: Turn, node: Loop) -> Finish:
    """One more round, or on with it."""
    nth = int(turn.place.own)
    if await _ask(node.until, turn.value()):
        return await turn.done(turn.text)
    if node.max_rounds is not None and nth >= node.max_rounds:
        return turn.failed(
            AgentError(f"{node.max_rounds} rounds of {turn.place.path} were not enough", type="MaxRounds")
        )
    begin = enter(node.body, 0, f"{turn.place.path}@{nth + 1}.", turn.text)
    return await turn.going(Onward(begin), turn.text)


async def each(turn: Turn, node: Each) -> Finish:
    """Find the items and begin the first of them."""
    place = turn.place
    pairs = item_keys(await _ask(node.over, turn.value()))
    text = dumps([[key, item] for key, item in pairs])
    join = NewNode(path=f"{place.path}.join", kind="join", status="leased")
    if not pairs:
        empty = NewNode(path=place.container, kind="container", input=text, status="done")
        return await turn.going(Onward([empty, join]), "0")
    items = turn.engine.items.put((turn.lease.run_id, place.container), Items.of(text))
    container = NewNode(path=place.container, kind="container", input=text, status="open", opens=len(pairs))
    begin = begin_items(place, items, range(min(node.limit, len(pairs))))
    return await turn.going(Onward([container, *begin]), str(len(pairs)))


async def join(turn: Turn, node: Parallel | Each) -> Finish:
    """Put the outputs together."""
    place = turn.place
    if isinstance(node, Parallel):
        paths = [output_path(place.path, key, chain) for key, chain in node.branches]
    else:
        items = await turn.items(place)
        paths = [output_path(place.path, key, node.body) for key in items.keys]
    rows = await turn.engine.store.nodes(turn.lease.run_id, paths=paths)
    outputs = {row.path: row.output for row in rows if row.status == "done"}
    text = "[" + ",".join(outputs[path] or "null" for path in paths if path in outputs) + "]"
    if isinstance(node, Parallel) and node.join is not None:
        return await step(turn, node.join, text)
    return await turn.done(text)


async def timer(turn: Turn) -> Finish:
    """Its time has come."""
    return await turn.done(turn.text)


async def signal(turn: Turn, node: SignalWait) -> Finish:
    """Wait, go on with the signal's value, or stop waiting."""
    if turn.lease.signal is not None:
        return await turn.done(turn.lease.signal)
    if turn.state().get("waiting") and node.timeout is not None:
        return turn.failed(AgentTimeout(f"no signal {node.signal!r} within {node.timeout:g} s"))
    return turn.finish("waiting", signal=node.signal, delay=node.timeout or 0.0, state='{"waiting": true}')


async def gate(turn: Turn, node: ReviewGate) -> Finish:
    """Ask people, or go on with what they decided."""
    decision = turn.decision()
    if decision is None or decision["decision"] in ("again", "retry"):  # held before, and released: asked anew
        value = turn.value()
        result = Result(status="success", data=value, confidence=confidence_of(value))
        reason = asks(node.review.when, result)
        if reason is None:
            return await turn.done(turn.text)
        return turn.paused(ask_at_gate(turn, node, result, reason), {})
    if decision["decision"] == "reject":
        return await _rejected(turn, node, decision)
    output = decision.get("output")
    return await turn.done(turn.text if output is None else as_text(output))


async def _rejected(turn: Turn, node: ReviewGate, decision: dict[str, Any]) -> Finish:
    if node.rejected is not None:
        begin = enter(node.rejected, 0, f"{turn.place.path}[rejected].", turn.text)
        return await turn.going(Onward(begin), json.dumps({"rejected": decision.get("comment", "")}))
    undo = node.review.on_reject == "compensate"
    return turn.failed(Rejected(decision.get("comment") or None), ends="rejected", more={"compensate": undo})


async def _ask(question: Callable[[Any], Any], value: Any) -> Any:
    """The answer of a function of the graph: it is quick and changes nothing; it may be a coroutine."""
    answer = question(value)
    return await answer if inspect.isawaitable(answer) else answer
