"""GET of a span says how its cost came about."""

from __future__ import annotations

from typing import Any

import pytest

from ecoa_web.accounts.models import Project
from tests.api.conftest import CHAT, Api, api, order, outsider, project
from tests.builders import Sent, send
from traces.prices.builtin import version

__all__ = ["api", "order", "outsider", "project"]  # pytest finds fixtures by name
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage"}


def pricing(api: Api, trace: str, span: int) -> dict[str, object]:
    found: dict[str, object] = api.get(f"traces/{trace}/spans/{span:016x}")["pricing"]
    return found


def test_a_priced_call_shows_its_buckets_keys_price_and_formula(api: Api, order: str) -> None:
    """Every bucket with the key it was read from, the price row, and what they come to."""
    found = pricing(api, order, 3)

    assert found == {
        "counted": True,
        "why_not": None,
        "service_tier": None,
        "buckets": [
            {
                "bucket": "input",
                "tokens": 70,
                "usd_per_mtok": 0.25,
                "cost_usd": 0.0000175,
                "key": "gen_ai.usage.input_tokens",
            },
            {
                "bucket": "cache_read",
                "tokens": 30,
                "usd_per_mtok": 0.025,
                "cost_usd": 0.00000075,
                "key": "gen_ai.usage.cache_read.input_tokens",
            },
            {
                "bucket": "output",
                "tokens": 15,
                "usd_per_mtok": 2.0,
                "cost_usd": 0.00003,
                "key": "gen_ai.usage.output_tokens",
            },
            {
                "bucket": "reasoning",
                "tokens": 5,
                "usd_per_mtok": 2.0,
                "cost_usd": 0.00001,
                "key": "gen_ai.usage.reasoning.output_tokens",
            },
        ],
        "price": {
            "source": version(),
            "provider": "openai",
            "model": "gpt-5-mini",
            "valid_from": None,
            "valid_until": None,
            "service_tier": None,
            "override_id": None,
        },
        "formula": "(70 × $0.25 + 30 × $0.025 + 15 × $2 + 5 × $2) / 1,000,000 = $0.00005825",  # noqa: RUF001
        "computed_usd": 0.00005825,
        "reported_usd": None,
        "difference_usd": None,
        "cost_usd": 0.00005825,
        "outdated": False,
    }


def test_the_reported_cost_stands_beside_the_computed_one(api: Api, project: Project) -> None:
    """Both, and the difference; the sums hold the computed one."""
    trace = send(project.pk, [Sent(name="chat", id=1, attributes=CHAT | {"gen_ai.usage.cost": 0.5})])

    found = pricing(api, trace, 1)

    assert (found["computed_usd"], found["reported_usd"], found["cost_usd"]) == (0.00005825, 0.5, 0.00005825)
    assert found["difference_usd"] == pytest.approx(0.49994175)
    assert api.get(f"traces/{trace}")["cost_usd"] == 0.00005825


def test_without_a_price_the_reported_cost_counts(api: Api, project: Project) -> None:
    """What the sender said is all that is known, and is said to be that."""
    asks = CHAT | {"gen_ai.provider.name": "ollama", "gen_ai.usage.cost": 0.5}
    trace = send(project.pk, [Sent(name="chat", id=1, attributes=asks)])

    found = pricing(api, trace, 1)

    assert (found["computed_usd"], found["price"], found["formula"]) == (None, None, None)
    assert (found["reported_usd"], found["cost_usd"], found["outdated"]) == (0.5, 0.5, False)
    assert api.get("models")["results"][0]["unpriced_calls"] == 0


def test_what_does_not_count_says_why(api: Api, project: Project) -> None:
    """An agent that repeats its calls' tokens, and the outer one of two spans of a call."""
    usage: dict[str, str | int | float | bool] = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
    answer = CHAT | {"gen_ai.response.id": "resp-1"}
    trace = send(
        project.pk,
        [
            Sent(name="invoke_agent triage", id=1, attributes={**AGENT, **usage}),
            Sent(name="chat", id=2, parent=1, attributes=CHAT),
            Sent(name="chat", id=3, parent=2, attributes=CHAT),
            Sent(name="chat", id=4, parent=1, attributes=answer, start_ms=10),
            Sent(name="chat", id=5, parent=1, attributes=answer, start_ms=20),
        ],
    )

    reasons = {span: pricing(api, trace, span)["why_not"] for span in range(1, 6)}

    assert reasons == {
        1: "Only model calls count; this is of the kind agent.",
        2: "A model call below it tells of the same tokens.",
        3: None,
        4: None,
        5: "The span 0000000000000004 tells of the same call.",
    }


def test_the_service_tier_is_part_of_the_explanation(api: Api, project: Project) -> None:
    """The tier, and a price row of that tier."""
    trace = send(project.pk, [Sent(name="chat", id=1, attributes=CHAT | {"openai.response.service_tier": "priority"})])

    found: Any = pricing(api, trace, 1)

    assert (found["service_tier"], found["price"]["service_tier"], found["outdated"]) == ("priority", "priority", False)
    assert found["computed_usd"] > 0.00005825


def test_a_span_without_tokens_has_no_pricing(api: Api, order: str) -> None:
    """There is nothing to explain."""
    assert pricing(api, order, 4) is None


def test_an_outsider_sees_no_pricing(outsider: Api, order: str) -> None:
    """Another project's span does not exist."""
    outsider.get(f"traces/{order}/spans/{3:016x}", status=404)
