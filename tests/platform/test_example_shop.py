"""The example shop's traces are whole, repeatable and of every kind an operator will meet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from ecoa_web.demo.shop import Shop
from ecoa_web.demo.step import Step


def walk(step: Step) -> Iterator[Step]:
    yield step
    for child in step.children:
        yield from walk(child)


def messages(seed: int, count: int = 200) -> list[Step]:
    shop = Shop(Random(seed))
    return [shop.message() for _ in range(count)]


def test_a_seed_repeats_the_shop() -> None:
    """The same seed gives the same traces, another one others."""
    assert messages(1) == messages(1)
    assert messages(1) != messages(2)


def test_children_lie_inside_their_parents() -> None:
    """Every step ends before the one around it, so that live traces are seen growing towards their root."""
    for step in (step for root in messages(3) for step in walk(root)):
        assert step.duration_ns > 0
        assert all(child.offset_ns >= 0 and child.end_ns <= step.duration_ns for child in step.children)


def test_there_is_something_to_find() -> None:
    """Agents, models, tools; failures, timeouts and retries; customers who come back."""
    steps = [step for root in messages(4) for step in walk(root)]
    names = {step.name for step in steps}
    failures = {step.failure.kind for step in steps if step.failure}
    conversations = [step.attributes["session.id"] for step in steps if "session.id" in step.attributes]

    assert {"invoke_agent classifier", "invoke_agent fulfilment", "invoke_agent returns"} <= names
    assert {"chat gpt-4o-mini", "chat claude-sonnet-4-5", "execute_tool book_carrier"} <= names
    assert {"TimeoutError", "RateLimitError", "OverloadedError", "CardDeclined"} <= failures
    assert len(set(conversations)) < len(conversations)
