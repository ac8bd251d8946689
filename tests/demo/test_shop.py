"""The example shop: an hour on virtual time, by the same pipelines that live in `up --demo`."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ecoa.testing import virtual_time
from ecoa_web.demo.customers import Customers
from ecoa_web.demo.history import an_hour
from ecoa_web.demo.models import answer_to
from ecoa_web.demo.pipelines import DEAR_CENTS, NO_SUCH_ORDER, _drawn
from ecoa_web.demo.words import CLASSIFIER_PROMPT, FIRST_MESSAGES, article

HOUR_NS = 3600 * 10**9


@pytest.fixture(scope="module")
def spans() -> Sequence[ReadableSpan]:
    """What an hour of eighty messages sends; made once, as it takes a second."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    with pytest.MonkeyPatch.context() as patch, virtual_time() as clock:
        patch.setenv("ECOA_TRACE", "true")
        patch.setattr(trace, "get_tracer_provider", lambda: provider)
        clock.run(an_hour(Random(4), messages=80))
    return kept.get_finished_spans()


@pytest.mark.slow
def test_an_hour_has_the_times_of_an_hour(spans: Sequence[ReadableSpan]) -> None:
    """Spread over it, and every trace is whole: one root, children within their parents."""
    starts = [span.start_time or 0 for span in spans]
    known = {span.context.span_id: span for span in spans if span.context}
    roots = [span for span in spans if span.parent is None]

    assert HOUR_NS / 2 < max(starts) - min(starts) < HOUR_NS
    assert len(roots) == 80
    assert all(span.parent is None or span.parent.span_id in known for span in spans)


def test_there_is_something_to_find(spans: Sequence[ReadableSpan]) -> None:
    """Agents, models and tools; failures, retries, waits for people, two providers."""
    names = {span.name for span in spans}
    told = [span.attributes or {} for span in spans]
    errors = Counter(attributes.get("error.type") for attributes in told)

    assert {"invoke_agent classifier", "execute_tool charge_card", "chat claude-sonnet-4-5", "wait retry"} <= names
    assert "AgentTimeout" in errors
    assert {attributes.get("gen_ai.provider.name") for attributes in told} >= {"openai", "anthropic"}
    assert any("review" in name for name in names)


def test_a_seed_repeats_the_customers() -> None:
    """The same seed gives the same messages, another one others."""
    one, same, other = (Customers(Random(seed)) for seed in (1, 1, 2))
    messages = [one.message() for _ in range(20)]

    assert messages == [same.message() for _ in range(20)]
    assert messages != [other.message() for _ in range(20)]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Can you send me 2 of the hand grinder? I need it before Friday.", "order"),
        ("I ordered the wrong pocket scale (ORD-12345). How do I send it back?", "return"),
        ("Are you open on Sundays?", "question"),
    ],
)
def test_the_fake_model_reads_the_message(text: str, intent: str) -> None:
    """Its verdict follows from what was written."""
    found = re.search(r'"intent": "(\w+)"', answer_to(CLASSIFIER_PROMPT, text))

    assert found is not None and found[1] == intent


def test_the_first_messages_are_of_every_kind() -> None:
    """Orders, questions, a return that staff must decide, and one of an order that there is not."""
    verdicts = [json.loads(answer_to(CLASSIFIER_PROMPT, text)) for text in FIRST_MESSAGES]

    assert {verdict["intent"] for verdict in verdicts} == {"order", "return", "question"}
    returned = [verdict for verdict in verdicts if verdict["intent"] == "return"]
    known = [verdict for verdict in returned if _drawn(verdict["order_id"]) >= NO_SUCH_ORDER]
    assert 0 < len(known) < len(returned)
    assert any(article(verdict["sku"]).cents > DEAR_CENTS for verdict in known)
