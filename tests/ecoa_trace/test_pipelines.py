"""What runs of pipelines tell: one trace for each, whoever works on it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from ecoa import store
from ecoa.agent import agent
from ecoa.engine import Engine
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter
from ecoa.errors import Overloaded
from ecoa.orchestrator import Pipeline, RetryPolicy
from ecoa.review import Approve, decide
from ecoa.store.base import NewRun
from ecoa.store.memory import MemoryStore
from ecoa.trace import ids
from tests.ecoa_trace.conftest import Collector
from tests.engine_database import empty_store


@pytest.fixture(autouse=True)
def memory(collector: Collector) -> Iterator[None]:
    """Runs are kept in memory, and traced."""
    with store.use(MemoryStore()):
        yield


async def test_a_run_is_a_tree_of_spans(collector: Collector) -> None:
    """Run, steps, agents, attempts: all in the trace that the result names, with the key."""

    @agent(name="traced-upper")
    async def upper(text: str) -> str:
        return text.upper()

    @agent(name="traced-shout")
    async def shout(text: str) -> str:
        return f"{text}!"

    words: Pipeline[str, str] = Pipeline("traced-words", upper, shout)
    result = await words.run("hello", idempotency_key="hello-1")

    assert result.data == "HELLO!"
    run = collector.named("invoke_workflow traced-words")
    assert run.trace_id == result.trace_id
    assert result.run_id is not None
    assert run.span_id == f"{ids.run_span(result.run_id):016x}"
    assert run.attributes["ecoa.idempotency_key"] == "hello-1"
    assert run.attributes["ecoa.status"] == "success"
    for name in ("traced-upper", "traced-shout"):
        step, call = collector.named(f"step {name}"), collector.named(f"invoke_agent {name}")
        attempt = collector.named(f"attempt {name}")
        assert (step.parent_id, call.parent_id, attempt.parent_id) == (run.span_id, step.span_id, call.span_id)
        assert {one.trace_id for one in (step, call, attempt)} == {result.trace_id}
        assert {one.attributes["ecoa.run.id"] for one in (step, call, attempt)} == {result.run_id}
        assert {one.attributes["ecoa.pipeline"] for one in (step, call, attempt)} == {"traced-words"}


async def test_a_review_is_a_wait_and_the_run_goes_on_after_it(collector: Collector) -> None:
    """Announced while people are asked; sent with their decision; what comes after it links to the run."""
    await review_is_a_wait(collector)


async def test_a_review_in_postgresql_is_a_wait(collector: Collector, django_db_setup: None) -> None:
    """The database keeps all that tracing needs to know."""
    async with empty_store() as kept:
        with store.use(kept):
            await review_is_a_wait(collector)


async def review_is_a_wait(collector: Collector) -> None:
    """Run a pipeline through its review, and look at its spans."""

    @agent(name="traced-draft")
    async def draft(text: str) -> str:
        return text

    @agent(name="traced-send")
    async def send(text: str) -> str:
        return text

    mail: Pipeline[str, str] = Pipeline("traced-mail", draft)
    handle = await mail.review(by="ada").then(send).start("hello")
    review = (await handle.outcome()).review
    assert review is not None
    marker = collector.awaited(lambda span: span.pending and span.attributes["ecoa.kind"] == "human")
    await decide(review.id, version=review.version, by="ada", decision=Approve())
    result = await handle.result()

    assert result.data == "hello"
    run = collector.named("invoke_workflow traced-mail")
    waited = collector.named(f"review {review.path}")
    resumed = collector.awaited(lambda span: span.name == f"step {review.path}" and bool(span.links))
    assert marker.parent_id == waited.span_id
    assert waited.parent_id == run.span_id
    assert waited.attributes["ecoa.decision"] == "approve"
    assert waited.attributes["ecoa.by"] == "ada"
    assert resumed.links == [(result.trace_id, run.span_id)]
    turns = [span.span_id for span in collector.spans if span.name == resumed.name and not span.pending]
    assert len(turns) == len(set(turns)) == 2
    assert collector.named("step traced-send").trace_id == result.trace_id


async def test_a_run_that_was_begun_elsewhere_is_seen_from_its_first_turn(collector: Collector) -> None:
    """In bulk, or by a process that does not trace: announced with its first turn, sent when it ends."""
    go = asyncio.Event()

    @agent(name="traced-later")
    async def later(text: str) -> str:
        await go.wait()
        return text

    flow = Pipeline("traced-elsewhere", later).ready()
    kept = store.default_store()
    await kept.define(flow.name, flow.definition_hash, flow.definition)
    await kept.start_many([_new_run(flow)])
    (lease,) = await kept.claim("worker", pipelines=[flow.name], queues=["default"], limit=1)
    turn = asyncio.create_task(Engine(kept, worker="worker").turn(lease))
    marker = await asyncio.to_thread(
        collector.awaited, lambda span: span.pending and span.name == "invoke_workflow traced-elsewhere"
    )
    go.set()
    await turn

    run = collector.named("invoke_workflow traced-elsewhere")
    assert (marker.trace_id, marker.parent_id) == (run.trace_id, run.span_id)
    assert run.attributes["ecoa.status"] == "success"
    assert collector.named("step traced-later").parent_id == run.span_id


def _new_run(flow: Pipeline) -> NewRun:
    return NewRun(
        id=uuid7(),
        pipeline=flow.name,
        definition_hash=flow.definition_hash,
        input='"x"',
        trace_id=uuid4().hex,
        first=enter(flow.chain, 0, "", '"x"', "ready"),
    )


async def test_waits_between_attempts_are_seen(collector: Collector) -> None:
    """Each attempt is a span, a failed one says why; the wait between them is one, too."""
    calls = 0

    @agent(name="traced-flaky", retry_policy=RetryPolicy(initial=0.01, jitter="none"))
    async def flaky(text: str) -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Overloaded("busy")
        return text

    result = await flaky.run("hello")

    call, wait = collector.named("invoke_agent traced-flaky"), collector.named("wait retry")
    attempts = [span for span in collector.spans if span.name == "attempt traced-flaky"]
    assert result.attempts == 2
    assert [(one.failed, one.attributes["ecoa.attempt"]) for one in attempts] == [(True, 1), (False, 2)]
    assert wait.parent_id == call.span_id
    assert attempts[0].end_ns <= wait.start_ns < wait.end_ns <= attempts[1].start_ns
    assert not call.failed


async def test_a_run_that_fails_or_is_cancelled_says_so(collector: Collector) -> None:
    """The run's span has the error of the step; a cancelled one has none."""

    @agent(name="traced-broken")
    async def broken(text: str) -> str:
        raise ValueError("no such order")

    @agent(name="traced-asks")
    async def asks(text: str) -> str:
        return text

    fails: Pipeline[str, str] = Pipeline("traced-fails", broken)
    stops: Pipeline[str, str] = Pipeline("traced-stops", asks)
    failed = await fails.run("hello")
    handle = await stops.review().start("hello")
    await handle.outcome()
    await handle.cancel("enough")

    assert failed.status == "error"
    run, stopped = collector.named("invoke_workflow traced-fails"), collector.named("invoke_workflow traced-stops")
    assert (run.failed, run.message) == (True, "no such order")
    assert not stopped.failed
    assert stopped.attributes["error.type"] == "CancelledError"
    assert stopped.attributes["ecoa.status"] == "cancelled"
