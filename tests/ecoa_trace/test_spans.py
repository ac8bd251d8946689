"""Spans as a collector gets them from the real exporter."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ecoa import trace
from ecoa.errors import AgentError, RateLimited
from ecoa.trace import export, ids
from tests.ecoa_trace.conftest import Collector

RUN = "019aab00-0000-7000-8000-00000000000a"  # made in November 2025
TRACE = "a" * 32


class NeedsReview(Exception):
    """As ecoa.review raises it."""


def test_tracing_that_is_off_costs_nothing() -> None:
    """OpenTelemetry is not even imported."""
    told = (
        "import sys\nfrom ecoa import trace\n"
        "with trace.span('agent', 'a', trace_id='1') as here: here.set(x=1); here.event('e'); here.fail(ValueError())\n"
        "trace.opened('model', 'm').end(); trace.run_started('r', 'p', trace_id='1'); trace.flush()\n"
        "print(trace.current_trace_id(), [name for name in sys.modules if name.startswith('opentelemetry')])"
    )

    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env={})

    assert done.stdout.strip() == "None []"


def test_tracing_without_opentelemetry_is_told_and_stops_nothing() -> None:
    """A worker that lacks the extra does its work."""
    told = (
        "import sys; sys.modules['opentelemetry.sdk'] = None; sys.modules['opentelemetry'] = None\n"
        "from ecoa import trace\nfor _ in 'ab':\n with trace.span('agent', 'a'): print('worked')"
    )

    done = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, env={"ECOA_TRACE": "true"}
    )

    assert done.stdout.split() == ["worked", "worked"]
    assert done.stderr.strip() == "ECOA_TRACE is set, but nothing is traced: pip install 'ecoa[trace]'"


def test_spans_nest_as_their_blocks_do(collector: Collector) -> None:
    """Names and attributes are OpenTelemetry's for GenAI; every span below an agent has the agent's name."""
    with trace.span("agent", "classify", trace_id=TRACE), trace.span("attempt", "1", attempt=1):
        assert trace.current_trace_id() == TRACE
        with trace.span("model", "gpt-4o", **{"gen_ai.provider.name": "openai"}):
            pass
        with trace.span("tool", "lookup", **{"gen_ai.tool.call.arguments": "{}"}):
            pass

    agent, attempt = collector.named("invoke_agent classify"), collector.named("attempt 1")
    model, tool = collector.named("chat gpt-4o"), collector.named("execute_tool lookup")
    assert {span.trace_id for span in (agent, attempt, model, tool)} == {TRACE}
    assert agent.parent_id == ""
    assert attempt.parent_id == agent.span_id
    assert model.parent_id == tool.parent_id == attempt.span_id
    assert {span.attributes["gen_ai.agent.name"] for span in (agent, attempt, model, tool)} == {"classify"}
    assert agent.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert model.attributes["gen_ai.operation.name"] == "chat"
    assert tool.attributes["gen_ai.tool.name"] == "lookup"
    assert attempt.attributes["ecoa.attempt"] == 1
    assert "ecoa.attempt" not in model.attributes


async def test_tasks_do_not_mix_their_spans(collector: Collector) -> None:
    """What runs at the same time has parents of its own."""

    async def call(name: str) -> None:
        with trace.span("agent", name):
            await asyncio.sleep(0)
            with trace.span("model", f"of-{name}"):
                await asyncio.sleep(0)

    with trace.span("agent", "top"):
        await asyncio.gather(call("a"), call("b"))

    top = collector.named("invoke_agent top")
    for name in ("a", "b"):
        agent = collector.named(f"invoke_agent {name}")
        assert agent.parent_id == top.span_id
        assert collector.named(f"chat of-{name}").parent_id == agent.span_id


def test_nodes_of_a_run_meet_in_its_trace(collector: Collector) -> None:
    """Processes that never met agree on the ids: the trace is the run's, the run's span is above every node's."""
    place = {"run_id": RUN, "trace_id": TRACE, "pipeline": "tickets"}
    trace.run_started(RUN, "tickets", trace_id=TRACE, idempotency_key="T-17")
    with trace.span("node", "classify", path="classify", attempt=2, **place), trace.span("agent", "classify"):
        pass
    with trace.span("node", "refund", path="refund", attempt=1, resumed=True, **place):
        pass
    trace.run_ended(RUN, "tickets", trace_id=TRACE, status="success", idempotency_key="T-17")

    run, node = collector.named("invoke_workflow tickets"), collector.named("step classify")
    resumed, agent = collector.named("step refund"), collector.named("invoke_agent classify")
    assert {span.trace_id for span in collector.spans} == {TRACE}
    assert run.parent_id == ""
    assert run.span_id == f"{ids.run_span(RUN):016x}"
    assert node.parent_id == resumed.parent_id == run.span_id
    assert node.span_id == f"{ids.node_span(RUN, 'classify', 2):016x}"
    assert agent.parent_id == node.span_id
    assert resumed.links == [(TRACE, run.span_id)]
    assert run.start_ns == ids.made_ns(RUN) < run.end_ns
    assert run.attributes["ecoa.pipeline"] == run.attributes["gen_ai.workflow.name"] == "tickets"
    assert run.attributes["ecoa.idempotency_key"] == "T-17"
    for span in (node, agent):
        assert span.attributes["ecoa.run.id"] == RUN
        assert span.attributes["ecoa.path"] == "classify"
        assert span.attributes["ecoa.pipeline"] == "tickets"


def test_a_sub_pipelines_run_is_below_the_run_around_it(collector: Collector) -> None:
    """Its trace is the parent's."""
    trace.run_ended("child", "inner", trace_id=TRACE, status="success", parent=RUN)

    assert collector.named("invoke_workflow inner").parent_id == f"{ids.run_span(RUN):016x}"


def test_a_wait_for_a_person_is_a_span_of_its_own(collector: Collector) -> None:
    """Announced when it begins, sent when it is decided; both are the same span."""
    review = "019aab01-0000-7000-8000-00000000000b"
    told = {"review_id": review, "trace_id": TRACE}

    trace.review_asked(RUN, "review#1", reason="amount over limit", **told)
    marker = collector.awaited(lambda span: span.pending)
    trace.review_decided(RUN, "review#1", decision="approve", by="ada", **told)

    span = collector.named("review review#1")
    assert marker.parent_id == span.span_id
    assert marker.attributes["logfire.pending_parent_id"] == span.parent_id == f"{ids.run_span(RUN):016x}"
    assert span.start_ns == ids.made_ns(review)
    assert span.end_ns - span.start_ns > 86_400 * 10**9
    assert span.attributes["ecoa.kind"] == marker.attributes["ecoa.kind"] == "human"
    assert span.attributes["ecoa.decision"] == "approve"


def test_a_stored_wait_is_seen(collector: Collector) -> None:
    """It lasts as long as it will."""
    trace.waits(RUN, "refund", trace_id=TRACE, seconds=30, why="back-off")

    span = collector.named("wait refund")
    assert span.end_ns - span.start_ns == 30 * 10**9
    assert span.attributes["ecoa.why"] == "back-off"


def test_a_span_that_goes_on_is_announced(collector: Collector) -> None:
    """Its marker has the name, the start and the attributes; what is short is not announced."""
    with trace.span("agent", "quick"):
        pass
    with trace.span("agent", "slow", trace_id=TRACE) as here:
        marker = collector.awaited(lambda span: span.pending)
        here.set(status="success")

    span = collector.named("invoke_agent slow")
    assert [one.name for one in collector.spans if one.pending] == ["invoke_agent slow"]
    assert marker.parent_id == span.span_id
    assert marker.start_ns == span.start_ns
    assert marker.attributes["gen_ai.agent.name"] == "slow"
    assert marker.attributes["logfire.pending_parent_id"] == "0" * 16
    assert span.attributes["ecoa.status"] == "success"


def test_failures_are_told(collector: Collector) -> None:
    """By type and message; a cancellation and a call for review are not failures."""
    with pytest.raises(RateLimited), trace.span("attempt", "throttled"):
        raise RateLimited("slow down")
    with pytest.raises(KeyError), trace.span("attempt", "broken"):
        raise KeyError("sku")
    with pytest.raises(asyncio.CancelledError), trace.span("attempt", "cancelled"):
        raise asyncio.CancelledError
    with pytest.raises(NeedsReview), trace.span("attempt", "paused"):
        raise NeedsReview("amount over limit")
    with trace.span("agent", "told") as here:
        here.fail(AgentError("no such order", type="NoOrder").describe())

    throttled, broken = collector.named("attempt throttled"), collector.named("attempt broken")
    assert (throttled.failed, throttled.message, throttled.attributes["error.type"]) == (
        True,
        "slow down",
        "RateLimited",
    )
    assert throttled.events == []
    assert broken.failed
    assert broken.events == ["exception"]
    told = collector.named("invoke_agent told")
    assert (told.failed, told.attributes["error.type"]) == (True, "NoOrder")
    for name in ("cancelled", "paused"):
        assert not collector.named(f"attempt {name}").failed
    assert collector.named("attempt paused").attributes["error.type"] == "NeedsReview"


def test_the_key_is_a_bearer_token(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """ECOA_API_KEY signs in, unless OpenTelemetry's own headers do."""
    monkeypatch.setenv("ECOA_API_KEY", "secret")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "order-desk")

    with trace.span("agent", "a"):
        pass
    trace.flush()

    assert collector.headers[0]["authorization"] == "Bearer secret"
    assert collector.headers[0]["path"] == "/v1/traces"
    assert collector.services == {"order-desk"}


def test_what_has_ended_is_sent_at_exit(collector: Collector) -> None:
    """A script need not flush."""
    told = "from ecoa import trace\nwith trace.span('agent', 'last'): pass"

    subprocess.run([sys.executable, "-c", told], check=True)

    assert [span.name for span in collector.spans] == ["invoke_agent last"]


@pytest.mark.slow
def test_a_collector_that_is_away_holds_nobody_up(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work goes on, and the program ends soon after it. Slow: a process of its own."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    told = "from ecoa import trace\nwith trace.span('agent', 'last'): pass"

    began = time.monotonic()
    subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, timeout=60)

    assert time.monotonic() - began < 30


@pytest.fixture
def application(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """An application with a provider of its own."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(otel, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def test_an_application_with_its_own_provider_keeps_it(application: InMemorySpanExporter, collector: Collector) -> None:
    """ecoa's spans go where the application's go, with the ids that a run's have."""
    export.shut_down()
    place = {"run_id": RUN, "trace_id": TRACE}

    with trace.span("node", "classify", path="classify", attempt=1, **place):
        pass
    trace.run_ended(RUN, "tickets", trace_id=TRACE, status="success")

    node, run = application.get_finished_spans()
    assert node.context is not None and run.context is not None and node.parent is not None
    assert run.context.span_id == node.parent.span_id == ids.run_span(RUN)
    assert f"{run.context.trace_id:032x}" == TRACE
    assert collector.spans == []
