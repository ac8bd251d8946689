"""A call costs what genai-prices says, to the last digit, whatever its tokens, tier and time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price
from hypothesis import given, settings
from hypothesis import strategies as st

from traces.prices import builtin
from traces.prices.book import DAY_NS, PriceBook, service_tier
from traces.prices.override import Override
from traces.prices.rates import Price, Rates, cost, parts
from traces.span import Kind, Span, Status, Usage

PROJECT = 7
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
# Provider as ECOA has it, as genai-prices has it, model.
SPREAD = [
    ("openai", "openai", "gpt-4o-2024-08-06"),
    ("openai", "openai", "gpt-5-mini-2025-08-07"),
    ("openai", "openai", "o3"),
    ("openai", "openai", "text-embedding-3-small"),
    ("azure.ai.openai", "azure", "gpt-4o"),
    ("anthropic", "anthropic", "claude-sonnet-4-5-20250929"),
    ("anthropic", "anthropic", "claude-3-5-haiku-latest"),
    ("gcp.gemini", "google", "gemini-2.5-pro"),
    ("gcp.vertex_ai", "google", "gemini-2.5-flash"),
    ("aws.bedrock", "aws", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
    ("mistral_ai", "mistral", "mistral-large-latest"),
    ("x_ai", "x-ai", "grok-4"),
    ("deepseek", "deepseek", "deepseek-chat"),
    ("groq", "groq", "llama-3.1-8b-instant"),
    ("cohere", "cohere", "command-r"),
    ("perplexity", "perplexity", "sonar"),
    ("openrouter", "openrouter", "openai/gpt-4o"),
]
COUNTS = st.integers(0, 500_000)
USAGES = st.builds(
    Usage,
    uncached=COUNTS,
    cache_read=st.none() | COUNTS,
    cache_write=st.none() | COUNTS,
    output_text=COUNTS,
    reasoning=st.none() | COUNTS,
)


def ns(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


def call(usage: Usage, *, model: str, provider: str | None, at: datetime = NOON, **rest: object) -> Span:
    return Span(
        trace_id="a" * 32,
        span_id=1,
        parent_id=None,
        name="chat",
        kind=Kind.LLM,
        status=Status.OK,
        start_ns=ns(at),
        end_ns=None,
        ordinal=0,
        model=model,
        provider=provider,
        usage=usage,
        **rest,  # type: ignore[arg-type]
    )


def theirs(usage: Usage, *, model: str, provider: str, at: datetime, context: dict[str, str] | None = None) -> float:
    """The package's own calculation, whose totals include the parts."""
    cached = {"cache_read_tokens": usage.cache_read, "cache_write_tokens": usage.cache_write}
    total_in = (usage.uncached or 0) + (usage.cache_read or 0) + (usage.cache_write or 0)
    total_out = (usage.output_text or 0) + (usage.reasoning or 0)
    counted = TheirUsage(
        input_tokens=total_in, output_tokens=total_out, output_reasoning_tokens=usage.reasoning, **cached
    )
    found = calc_price(counted, model, provider_id=provider, genai_request_timestamp=at, price_context=context or None)
    return float(found.total_price)


@pytest.mark.parametrize(("ours", "provider", "model"), SPREAD)
@settings(max_examples=20, deadline=None)  # the first example loads the package
@given(USAGES, st.integers(0, 86_399))
def test_a_call_costs_what_genai_prices_calculates(
    ours: str, provider: str, model: str, usage: Usage, second: int
) -> None:
    """Cached tokens at their own prices, large calls at their tier's, every hour at its own."""
    at = datetime.fromtimestamp(ns(NOON) // DAY_NS * 86_400 + second, UTC)

    found = PriceBook().cost(PROJECT, call(usage, model=model, provider=ours, at=at))

    assert found == pytest.approx(theirs(usage, model=model, provider=provider, at=at), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("tier", "context"),
    [
        ("priority", {"service_tier": "priority"}),
        ("flex", {"service_tier": "flex"}),
        ("batch", {"processing": "batch"}),
        ("default", {"service_tier": "default"}),
        ("auto", {}),
    ],
)
@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-mini", "o3", "gpt-4o"])
def test_the_service_tier_enters_the_price(tier: str, context: dict[str, str], model: str) -> None:
    """A call costs what its tier costs; a tier that is only asked for, or unknown, costs the list price."""
    usage = Usage(uncached=10_000, cache_read=2_000, output_text=500, reasoning=100)
    span = call(usage, model=model, provider="openai", attributes={"openai.response.service_tier": tier})

    found = PriceBook().cost(PROJECT, span)

    assert found == pytest.approx(theirs(usage, model=model, provider="openai", at=NOON, context=context), rel=1e-12)


def test_what_answered_tells_the_tier_before_what_was_asked() -> None:
    """A call that asked for flex and was served by default pays the default."""
    told = {"openai.request.service_tier": "flex", "openai.response.service_tier": "default"}

    assert service_tier(told) == "default"
    assert service_tier({"openai.request.service_tier": "flex"}) == "flex"
    assert service_tier({"anthropic.response.service_tier": "standard"}) is None
    assert service_tier({"gen_ai.request.service_tier": 3}) is None


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("ollama", "llama3.1"),
        ("vllm", "gpt-4o"),
        (None, "ollama/llama3.1"),
        ("openai", "gpt-4o-of-our-own"),
        ("nobody", "gpt-4o"),
        (None, "m-1"),
        ("openai", ""),
    ],
)
def test_what_has_no_list_price_is_unpriced(provider: str | None, model: str) -> None:
    """A local, unknown or invented model has no cost: it is never free and never guessed."""
    assert PriceBook().cost(PROJECT, call(Usage(uncached=5), model=model, provider=provider)) is None


def test_the_asked_model_stands_in_for_an_answering_one_without_price() -> None:
    """The response's model counts; where it has no price, the request's does."""
    usage = Usage(uncached=1_000, output_text=100)
    book = PriceBook()

    stood_in = book.cost(PROJECT, call(usage, model="gpt-4o-secret", provider="openai", request_model="gpt-4o"))
    answered = book.cost(PROJECT, call(usage, model="gpt-4o-mini", provider="openai", request_model="gpt-4o"))

    assert stood_in == pytest.approx(theirs(usage, model="gpt-4o", provider="openai", at=NOON))
    assert answered == pytest.approx(theirs(usage, model="gpt-4o-mini", provider="openai", at=NOON))


def test_unknown_buckets_add_nothing_and_known_ones_count() -> None:
    """Only what is known has a cost; a call that says nothing has none."""
    price = Price(rates=Rates(1, 1, 1, 1, 1), source="override", provider="", model="m")

    assert cost(price, Usage(output_text=10**15)) == 1.0
    assert cost(price, Usage()) is None
    assert [part.bucket for part in parts(price.rates, Usage(uncached=0, reasoning=2))] == ["input", "reasoning"]


def test_costs_are_exact() -> None:
    """Three tenths of a cent are three tenths of a cent, not the nearest sum of binary fractions."""
    price = Price(rates=Rates(100_000_000, None, None, 200_000_000, None), source="override", provider="", model="m")

    assert cost(price, Usage(uncached=10_000, output_text=10_000)) == 0.003


def test_a_price_is_looked_up_once_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hot path asks genai-prices nothing for a model and day that it knows."""
    asked: list[object] = []
    ask = builtin.segments

    def counted(*args: Any) -> Any:  # whatever it is asked
        asked.append(args)
        return ask(*args)

    monkeypatch.setattr(builtin, "segments", counted)
    book = PriceBook()

    for minute in range(30):
        span = call(Usage(uncached=minute), model="gpt-4o", provider="openai", at=NOON.replace(minute=minute))
        book.apply(PROJECT, [span])
        assert span.cost is not None
    book.apply(PROJECT, [call(Usage(uncached=1), model="gpt-4o", provider="openai", at=NOON.replace(day=3))])

    assert len(asked) == 2


@given(st.text(max_size=50), st.none() | st.text(max_size=30), st.integers(-(2**63), 2**63 - 1))
@settings(deadline=None)
def test_no_name_and_no_time_makes_pricing_fail(model: str, provider: str | None, start_ns: int) -> None:
    """Whatever a client calls its models, and whenever it says they answered, there is a price or none."""
    span = call(Usage(uncached=1), model=model, provider=provider)
    span.start_ns = start_ns

    PriceBook().apply(PROJECT, [span])


def own(id: int, model: str, *, provider: str = "", begins: date | None = None, ends: date | None = None) -> Override:
    """A price of its id in dollars."""
    return Override(
        id=id,
        provider=provider,
        model=model,
        input=Decimal(id),
        cache_read=None,
        cache_write=None,
        output=Decimal(0),
        reasoning=None,
        valid_from=begins,
        valid_until=ends,
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([own(1, "gpt-*"), own(2, "gpt-4o")], 2.0),
        ([own(1, "gpt-4*"), own(2, "gpt-*")], 1.0),
        ([own(1, "gpt-4o", provider="openai"), own(2, "gpt-4o")], 1.0),
        ([own(1, "gpt-4o", provider="azure.ai.openai")], 2.5),
        ([own(1, "GPT-4o")], 1.0),
        ([own(1, "gpt-4o", ends=NOON.date())], 2.5),
        ([own(1, "gpt-4o", begins=NOON.date())], 1.0),
        ([own(1, "gpt-4o", begins=date(2026, 11, 3))], 2.5),
        ([own(1, "gpt-4o"), own(2, "gpt-4o", begins=date(2026, 11, 1))], 2.0),
    ],
)
def test_a_projects_own_price_goes_first(rows: list[Override], expected: float) -> None:
    """Exact before prefix, named provider before any, the latest beginning before earlier ones, only while valid."""
    book = PriceBook()
    book.learn({PROJECT: rows})
    span = call(Usage(uncached=1_000_000), model="gpt-4o", provider="openai")

    assert book.cost(PROJECT, span) == expected
    assert book.cost(PROJECT + 1, span) == 2.5


def test_a_local_model_can_have_a_price_of_the_projects_own() -> None:
    """What runs on one's own machines costs what its owner says."""
    book = PriceBook()
    book.learn({PROJECT: [own(3, "llama*", provider="ollama")]})

    assert book.cost(PROJECT, call(Usage(uncached=1_000_000), model="llama3.1", provider="ollama")) == 3.0


def test_a_changed_price_holds_from_the_next_call_on() -> None:
    """What was remembered of a project is forgotten when its prices change, and only then."""
    book = PriceBook()
    span = call(Usage(uncached=1_000_000), model="gpt-4o", provider="openai")
    book.learn({PROJECT: [own(4, "gpt-4o")]})
    before = book.cost(PROJECT, span)

    book.learn({PROJECT: [own(5, "gpt-4o")]})

    assert (before, book.cost(PROJECT, span)) == (4.0, 5.0)


def test_the_reported_cost_stands_where_there_is_no_price() -> None:
    """A computed cost goes before a reported one, which is kept beside it."""
    book = PriceBook()
    spans = [
        call(Usage(uncached=1_000_000), model="gpt-4o", provider="openai", reported_cost=9.0),
        call(Usage(uncached=1_000_000), model="m-1", provider="openai", reported_cost=9.0),
    ]

    book.apply(PROJECT, spans)

    assert [(span.cost, span.reported_cost) for span in spans] == [(2.5, 9.0), (9.0, 9.0)]
