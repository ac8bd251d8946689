"""A call answers with a Result, whatever the agent does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ecoa.agent import Agent, AgentError, agent
from ecoa.calling import call
from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, current, enter, leave
from ecoa.clock import monotonic
from ecoa.context import SessionContext
from ecoa.errors import (
    AgentTimeout,
    BudgetExhausted,
    CircuitOpen,
    MalformedOutput,
    Misuse,
    RateLimited,
    Rejected,
    TransientError,
)
from ecoa.resilience import CircuitBreaker, RateLimiter, RetryBudget, RetryPolicy
from ecoa.result import Usage
from ecoa.review import NeedsReview, Review
from ecoa.testing.clock import virtual_time


def failing(*failures: Exception | None, then: Any = "done") -> Callable[[Any], Any]:
    """An async function that fails so, call by call, then answers."""
    left = list(failures)

    async def flaky(x: Any) -> Any:
        failure = left.pop(0) if left else None
        if failure is not None:
            raise failure
        return then

    return flaky


async def test_a_failure_is_told_not_raised() -> None:
    """With its type, its message and the exception as its cause."""
    result = await Agent("a", failing(KeyError("sku"))).run(1)

    assert (result.status, bool(result), result.data, result.attempts) == ("error", False, None, 1)
    assert result.error is not None
    assert (result.error.type, result.error.message) == ("KeyError", "'sku'")
    assert isinstance(result.error.__cause__, KeyError)
    with pytest.raises(AgentError):
        result.unwrap()


async def test_without_a_policy_there_is_one_attempt() -> None:
    """A transient failure, too, is final."""
    result = await Agent("a", failing(ConnectionError())).run(1)

    assert (result.status, result.attempts) == ("error", 1)


async def test_transient_failures_are_tried_again_after_the_policys_waits() -> None:
    """Four failures and a success: five calls and 1 + 2 + 4 + 8 seconds."""
    with virtual_time():
        flaky = failing(ConnectionError(), TimeoutError(), TransientError(), RateLimited())
        result = await Agent("a", flaky, retry_policy=RetryPolicy(jitter="none")).run(1)

        assert (result.status, result.data, result.attempts) == ("success", "done", 5)
        assert result.duration == pytest.approx(15)


async def test_the_last_failure_is_the_results() -> None:
    """When every attempt failed."""
    with virtual_time():
        result = await Agent("a", failing(*[ConnectionError("no")] * 9), retry_policy=RetryPolicy(3)).run(1)

    assert (result.status, result.attempts) == ("error", 3)
    assert result.error is not None and result.error.type == "ConnectionError"


async def test_final_failures_are_not_tried_again() -> None:
    """A validation error stays one."""
    result = await Agent("a", failing(ValueError("bad")), retry_policy=RetryPolicy()).run(1)

    assert (result.status, result.attempts) == ("error", 1)


@pytest.mark.parametrize(
    ("failure", "status"),
    [(AgentTimeout(), "timeout"), (CircuitOpen(), "open"), (Rejected(), "rejected"), (TimeoutError(), "timeout")],
)
async def test_the_status_says_how_it_failed(failure: Exception, status: str) -> None:
    """Timeouts, open breakers and rejections are not just errors."""
    assert (await Agent("a", failing(failure)).run(1)).status == status


async def test_retry_after_is_kept() -> None:
    """A throttled agent waits at least as long as it was told."""
    with virtual_time():
        result = await Agent("a", failing(RateLimited(retry_after=40)), retry_policy=RetryPolicy()).run(1)

        assert 40.5 <= result.duration <= 41


class Refused(Exception):
    """As HTTP clients raise it."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"HTTP {status}")
        self.response = type("Response", (), {"status_code": status, "headers": headers or {}})()


async def test_http_clients_exceptions_are_understood() -> None:
    """Status and Retry-After are read from their shape."""
    with virtual_time():
        flaky = failing(Refused(503), Refused(429, {"Retry-After": "20"}), Refused(404))
        result = await Agent("a", flaky, retry_policy=RetryPolicy(jitter="none")).run(1)

        assert (result.status, result.attempts) == ("error", 3)
        assert result.duration == pytest.approx(1 + 20 + 2)
        assert result.error is not None and result.error.type == "HTTP 404"


async def test_malformed_output_gets_three_calls() -> None:
    """However many attempts the policy has."""
    with virtual_time():
        result = await Agent("a", failing(*[MalformedOutput()] * 9), retry_policy=RetryPolicy(9)).run(1)

    assert result.attempts == 3


async def test_an_empty_budget_fails_fast() -> None:
    """The reason is told, and what the last attempt said."""
    budget = RetryBudget(10, 5)
    with virtual_time():
        policy = RetryPolicy(budget=budget)
        result = await Agent("a", failing(*[ConnectionError("refused")] * 9), retry_policy=policy).run(1)

    assert result.attempts == 3
    assert isinstance(result.error, BudgetExhausted)
    assert "refused" in result.error.message


async def test_first_tries_fill_the_budget() -> None:
    """A second one does not."""
    budget = RetryBudget(100)
    budget.left = 50
    with virtual_time():
        policy = RetryPolicy(budget=budget)
        await Agent("a", failing(), retry_policy=policy).run(1)
        assert budget.left == 51
        await Agent("a", failing(ConnectionError()), retry_policy=policy).run(1)

    assert budget.left == 46


async def test_cancellation_is_not_a_failure() -> None:
    """It goes through, and is not tried again."""
    calls = 0

    async def slow(x: int) -> None:
        nonlocal calls
        calls += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(Agent("a", slow, retry_policy=RetryPolicy()).run(1))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert calls == 1


async def test_the_breaker_hears_every_attempt() -> None:
    """Three failed attempts of one call open it: the call ends there, and the next one is refused at once."""
    with virtual_time():
        breaker = CircuitBreaker(3, 60)
        policy = RetryPolicy(5, jitter="none")
        down = Agent("a", failing(*[ConnectionError()] * 9), retry_policy=policy, breaker=breaker)

        first = await down.run(1)
        second = await down.run(1)

        assert (first.status, first.attempts) == ("open", 3)
        assert first.duration == pytest.approx(3)  # nobody waits for a call that would be refused
        assert second.status == "open"
        assert second.error is not None and second.error.retry_after is not None
        assert breaker.name == "a"


async def test_concurrency_is_bounded() -> None:
    """By the agent, over all that call it."""
    inside = most = 0

    async def work(x: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    bounded = Agent("a", work, concurrency=3)
    await asyncio.gather(*(bounded.run(n) for n in range(20)))

    assert most == 3


async def test_the_limiter_is_asked_and_settled() -> None:
    """Requests go at the limit's rate; tokens are corrected by what the call spent."""
    with virtual_time():
        limiter = RateLimiter("llm", requests_per_minute=60, tokens_per_minute=6000)

        async def ask(x: str) -> str:
            scope = current()
            assert scope is not None
            scope.spend(Usage(input_tokens=100))
            return x

        limited, began = Agent("a", ask, limiter=limiter), monotonic()
        results = [await limited.run("hello") for _ in range(62)]

        assert all(results)
        assert monotonic() - began == pytest.approx(2)
        assert limiter.buckets.level("tokens", now=monotonic()) == pytest.approx(6000 - 6200 + 200, abs=1e-6)
        assert results[0].usage == Usage(input_tokens=100)


async def test_ctx_tells_of_the_call() -> None:
    """Key, attempt, path and time left; the key stays the same over attempts."""
    seen: list[tuple[str, int, str]] = []

    @agent(retry_policy=RetryPolicy(jitter="none"), timeout=3)
    async def refund(order: str, *, ctx: CallContext) -> float | None:
        seen.append((ctx.idempotency_key, ctx.attempt, ctx.path))
        if ctx.attempt == 1:
            raise ConnectionError
        return ctx.remaining()

    with virtual_time():
        result = await refund.run("T-17", idempotency_key="T-17")

    assert result.data == pytest.approx(3)
    assert [attempt for _, attempt, _ in seen] == [1, 2]
    assert len({key for key, _, _ in seen}) == 1
    assert seen[0][2] == "refund"


async def test_the_callers_key_makes_the_key() -> None:
    """The same for the same agent and key, another for another; without one each call has its own."""

    async def key(x: int, ctx: CallContext) -> str:
        return ctx.idempotency_key

    pay, refund = Agent("pay", key), Agent("refund", key)
    keys = [
        (await called.run(1, idempotency_key=given)).data
        for called, given in ((pay, "T-1"), (pay, "T-1"), (pay, "T-2"), (refund, "T-1"), (pay, None), (pay, None))
    ]

    assert keys[0] == keys[1]
    assert len(set(keys)) == 5
    assert all(len(key or "") == 64 for key in keys)


async def test_calls_in_calls_have_paths_and_keys_of_their_own() -> None:
    """Stable ones: the same at another run of the same code."""
    seen: list[tuple[str, str]] = []

    @agent
    async def inner(x: int, ctx: CallContext) -> None:
        seen.append((ctx.path, ctx.idempotency_key))

    @agent
    async def outer(x: int) -> None:
        await inner.run(1)
        await Agent("inner").run(2)

    await outer.run(0, idempotency_key="T-1")
    await outer.run(0, idempotency_key="T-1")

    assert [path for path, _ in seen[:2]] == ["outer/inner#1", "outer/inner#2"]
    assert seen[:2] == seen[2:]
    assert seen[0][1] != seen[1][1]


async def test_calls_in_calls_share_the_trace() -> None:
    """One trace id for all of it."""

    @agent
    async def inner(x: int, ctx: CallContext) -> str:
        return ctx.trace_id

    @agent
    async def outer(x: int) -> str:
        return (await inner.run(x)).unwrap()

    result = await outer.run(1)

    assert result.data == result.trace_id
    assert len(result.trace_id) == 32


async def test_a_result_that_an_agent_returns_is_its_own() -> None:
    """Success gives the data; a failure is this agent's, too, and may be tried again."""
    with virtual_time():
        flaky = Agent("flaky", failing(ConnectionError()))

        @agent(retry_policy=RetryPolicy(2))
        async def outer(x: int) -> Any:
            return await flaky.run(x)

        result = await outer.run(1)

    assert (result.status, result.data, result.attempts) == ("success", "done", 2)


async def test_the_scope_ends_with_the_call() -> None:
    """Nothing of it is left in the caller."""
    await Agent("a", failing(ValueError())).run(1)

    assert current() is None


async def test_the_history_of_a_call_goes_to_the_scope_around_it() -> None:
    """Attempts that failed, waits, and the success after them."""
    around = Scope(path="test")
    token = enter(around)
    with virtual_time():
        await Agent("a", failing(ConnectionError()), retry_policy=RetryPolicy(jitter="none")).run(1)
    leave(token)

    assert [(event.kind, event.data.get("attempt"), event.data.get("ok")) for event in around.events] == [
        ("attempt", 1, False),
        ("retry_wait", 1, None),
        ("attempt", 2, True),
    ]
    assert around.events[0].path == "test/a#1"


async def test_a_session_as_input_is_the_context_too() -> None:
    """Agent("returns").run(ctx), as in the story."""

    @agent
    async def returns(session: SessionContext, *, ctx: CallContext) -> str:
        assert ctx.session is session
        return f"a return after: {session.get('last_message')}"

    session = SessionContext("ann")
    session.set("last_message", "it broke")
    result = await Agent("returns").run(session)

    assert result.data == "a return after: it broke"


@dataclass
class Label:
    """An output that tells how sure it is."""

    name: str
    confidence: float


@pytest.mark.parametrize(
    ("output", "confidence"),
    [
        (Label("refund", 0.7), 0.7),
        ({"confidence": 1}, 1.0),
        ({"confidence": 7}, None),
        ({"confidence": True}, None),
        ("x", None),
    ],
)
async def test_confidence_is_read_from_the_output(output: object, confidence: float | None) -> None:
    """A number from 0 to 1 called so."""
    assert (await Agent("a", failing(then=output)).run(1)).confidence == confidence


async def test_who_needs_people_stops_outside_of_runs() -> None:
    """A plain call cannot wait for a decision, and does not go on without."""

    async def ask(x: int, ctx: CallContext) -> object:
        return await ctx.review("amount over limit")

    asked = await Agent("a", ask, retry_policy=RetryPolicy(retry_on=[Exception])).run(1)
    raised = await Agent("b", failing(NeedsReview("too much"))).run(1)
    looked = await Agent("c", failing(then=5), require_review=lambda result: (result.data or 0) > 3).run(1)
    fine = await Agent("c", failing(then=2), require_review=Review(when=lambda result: (result.data or 0) > 3)).run(1)

    assert [result.status for result in (asked, raised, looked, fine)] == ["paused", "paused", "paused", "success"]
    assert asked.error is not None and "amount over limit" in asked.error.message


def test_run_sync_waits_for_the_result() -> None:
    """In a plain script, from as many threads as like."""

    @agent
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    assert double.run_sync(21).data == 42


async def test_run_sync_refuses_to_block_a_loop() -> None:
    """Where a loop runs, it would stop everything."""
    with pytest.raises(Misuse, match="await run"):
        Agent("a", failing()).run_sync(1)


async def test_ctx_tells_everything_of_the_call() -> None:
    """Outside of runs, too; events go to the history."""
    around = Scope(path="node")
    token = enter(around)

    async def tells(x: int, ctx: CallContext) -> tuple[object, ...]:
        ctx.heartbeat()
        ctx.event("counted", items=3)
        return ctx.run_id, ctx.deadline, ctx.decision, ctx.session

    result = await Agent("a", tells).run(1)
    leave(token)

    assert result.data == (None, None, None, None)
    assert [(event.kind, event.data) for event in around.events] == [("counted", {"items": 3})]


async def test_one_agent_asks_people_once() -> None:
    """A decision belongs to one question: asking twice is a mistake of the program."""
    scope = Scope(path="node", run_id="r", decision={"decision": "approve"})

    async def asks(x: int, ctx: CallContext) -> object:
        first = await ctx.review("first")
        return first, await ctx.review("second")

    with pytest.raises(Misuse, match="asks twice"):
        await call(Agent("a", asks), 1, scope)


async def test_two_reviewed_calls_in_a_node_are_a_mistake() -> None:
    """For the same reason."""
    scope = Scope(path="node", run_id="r", decision={"decision": "approve"})
    looked = Agent("looked", failing(then=1), require_review=lambda result: True)

    async def flow(x: int) -> object:
        return await looked.run(x), await looked.run(x)

    with pytest.raises(Misuse, match="asks twice"):
        await call(Agent("a", flow), 1, scope)


async def test_an_agent_shows_what_it_is() -> None:
    """Its name and the options that were given."""
    assert repr(Agent("a", failing(), timeout=3)) == "Agent('a', timeout=3)"


async def test_a_named_agent_keeps_its_own_places() -> None:
    """concurrency given with the name holds over the calls through it."""
    inside = most = 0

    @agent(concurrency=5)
    async def work(x: int) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0)
        inside -= 1

    narrow = Agent("work", concurrency=2)
    await asyncio.gather(*(narrow.run(n) for n in range(10)))

    assert most == 2


async def test_a_full_agent_with_an_open_breaker_refuses_at_once() -> None:
    """Nobody waits for a place to be told that."""
    with virtual_time():
        breaker, gate = CircuitBreaker(1, 60), asyncio.Event()

        async def work(x: str) -> None:
            if x == "fail":
                raise ConnectionError
            await gate.wait()

        full = Agent("a", work, concurrency=2, breaker=breaker)
        waiting = asyncio.create_task(full.run("wait"))
        await asyncio.sleep(0)
        await full.run("fail")
        refused = await full.run("again")
        gate.set()

        assert (refused.status, refused.duration, (await waiting).status) == ("open", 0, "success")


async def test_the_limiter_is_settled_with_what_this_attempt_spent() -> None:
    """Not with what the call spent before it."""
    with virtual_time():
        limiter = RateLimiter("llm", tokens_per_minute=6000)
        left: list[float] = []

        async def ask(x: str, ctx: CallContext) -> str:
            left.append(limiter.buckets.level("tokens", now=monotonic()))
            scope = current()
            assert scope is not None
            scope.spend(Usage(input_tokens=500))
            if ctx.attempt == 1:
                raise ConnectionError
            return x

        policy = RetryPolicy(initial=0)
        result = await Agent("a", ask, limiter=limiter, retry_policy=policy).run("four")

        assert result.usage == Usage(input_tokens=1000)
        assert limiter.buckets.level("tokens", now=monotonic()) == pytest.approx(6000 - 1 - 500)


@pytest.mark.parametrize(
    ("status", "kind", "transient"),
    [
        (408, "AgentTimeout", True),
        (409, "HTTP 409", True),
        (425, "HTTP 425", True),
        (429, "RateLimited", True),
        (500, "HTTP 500", True),
        (503, "Overloaded", True),
        (504, "AgentTimeout", True),
        (529, "Overloaded", True),
        (400, "HTTP 400", False),
        (422, "HTTP 422", False),
    ],
)
async def test_an_http_status_says_what_went_wrong(status: int, kind: str, transient: bool) -> None:
    """Whatever client raised it."""
    error = (await Agent("a", failing(Refused(status))).run(1)).error

    assert error is not None
    assert (error.type, error.transient) == (kind, transient)
