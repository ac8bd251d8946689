"""The usage that the design promises runs as written: plain Python control flow around agents."""

from __future__ import annotations

from typing import Any

import pytest

from ecoa.agent import Agent, AgentError, Result, agent
from ecoa.context import SessionContext
from ecoa.errors import CircuitOpen
from ecoa.resilience import CircuitBreaker, RetryPolicy
from ecoa.testing.clock import virtual_time

retry = RetryPolicy(max_attempts=5, backoff_factor=2)


class Shop:
    """What the agents talk to."""

    def __init__(self) -> None:
        self.down = False
        self.refunds: dict[str, str] = {}
        self.calls = 0


class TicketFlow:
    """Triage, then a refund."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self.breaker = breaker

    async def run(self, ticket_id: str) -> Result[Any]:
        async with self.breaker:
            triage = Agent("triage", retry_policy=retry)
            result = await triage.run(ticket_id)
            if result.status == "success":
                return await Agent("refund", retry_policy=retry).run(result.data)
            raise AgentError("triage failed")


@pytest.fixture
def shop() -> Shop:
    """A shop with its two agents."""
    shop = Shop()

    @agent
    class Triage:
        async def run(self, ticket: str) -> dict[str, str]:
            shop.calls += 1
            if shop.down:
                raise ConnectionError("the model is down")
            return {"ticket": ticket, "intent": "refund"}

    @agent(name="refund", timeout=3, retry_policy=retry, effect="keyed")
    async def refund(ticket: dict[str, str], *, ctx: Any) -> str:
        shop.refunds.setdefault(ctx.idempotency_key, ticket["ticket"])
        return "refunded"

    return shop


async def test_the_flow_refunds(shop: Shop) -> None:
    """Both agents answer."""
    result = await TicketFlow(CircuitBreaker(failure_threshold=3, recovery_timeout=60)).run("T-17")

    assert (result.status, result.data) == ("success", "refunded")
    assert list(shop.refunds.values()) == ["T-17"]


async def test_three_failed_flows_open_the_breaker(shop: Shop) -> None:
    """AgentError("triage failed") counts; the fourth flow is refused without a call."""
    with virtual_time():
        flow = TicketFlow(CircuitBreaker(failure_threshold=3, recovery_timeout=600))
        shop.down = True
        for _ in range(3):
            with pytest.raises(AgentError, match="triage failed"):
                await flow.run("T-17")

        with pytest.raises(CircuitOpen):
            await flow.run("T-18")

    assert shop.calls == 3 * 5
    assert shop.refunds == {}


async def test_the_flow_itself_can_be_an_agent(shop: Shop) -> None:
    """Its result is the agent's, whatever it returned or raised."""
    with virtual_time():
        flow = agent(TicketFlow(CircuitBreaker()))
        fine = await flow.run("T-17")
        shop.down = True
        failed = await flow.run("T-18")

    assert (flow.name, fine.data, failed.status) == ("ticket_flow", "refunded", "error")
    assert failed.error is not None and failed.error.message == "triage failed"


async def test_state_across_agents(shop: Shop) -> None:
    """A session is written and read between calls, and handed to an agent."""

    @agent
    async def intent(message: str) -> str:
        return "return" if "back" in message else "other"

    @agent
    async def returns(ctx: SessionContext) -> str:
        return f"a label for: {ctx.get('last_message')}"

    async def answer(user_id: str, message: str) -> Result[Any] | None:
        ctx = SessionContext(user_id)
        ctx.set("last_message", message)
        intent = await Agent("intent").run(message)
        ctx.set("intent", intent.data)
        if ctx.get("intent") == "return":
            return await Agent("returns").run(ctx)
        return None

    result = await answer("ann", "I send it back")

    assert result is not None
    assert result.data == "a label for: I send it back"
    assert SessionContext("ann").get("intent") == "return"
