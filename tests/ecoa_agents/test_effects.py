"""Effects happen once as far as their class promises, and what is in doubt is told."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest

from ecoa.agent import Agent, agent
from ecoa.calling import call
from ecoa.calling.context import CallContext
from ecoa.calling.scope import Scope, StoredWait
from ecoa.clock import monotonic
from ecoa.context import SessionContext
from ecoa.errors import AgentError, EffectUnknown, Fenced, IdempotencyConflict, RateLimited
from ecoa.resilience import CircuitBreaker, RetryPolicy
from ecoa.store.memory import MemoryStore
from ecoa.testing.clock import virtual_time

RETRY = RetryPolicy(5, jitter="none")


class Bank:
    """A remote that honours keys, and can lose its answers."""

    def __init__(self, *, lost: int = 0) -> None:
        self.payments: dict[str, str] = {}
        self.calls = 0
        self.lost = lost

    async def pay(self, order: str, key: str) -> str:
        """Pay once a key; the first answers are lost after it did."""
        self.calls += 1
        self.payments.setdefault(key, f"paid {order}")
        if self.calls <= self.lost:
            await asyncio.Event().wait()
        return self.payments[key]


def payer(bank: Bank, **options: Any) -> Agent[Any, Any]:
    """A keyed agent that pays."""

    async def pay(order: str, ctx: CallContext) -> str:
        return await bank.pay(order, ctx.idempotency_key)

    return Agent("pay", pay, **{"effect": "keyed", "timeout": 3, "retry_policy": RETRY, **options})


async def test_a_replay_after_a_lost_answer_ships_nothing_twice() -> None:
    """The founding story: the agent answers after its timeout, the caller replays, and one order ships."""
    with virtual_time():
        bank = Bank(lost=2)
        pay = payer(bank)

        first = await pay.run("T-17", idempotency_key="T-17")
        again = await pay.run("T-17", idempotency_key="T-17")

    assert (first.data, first.attempts, first.replayed) == ("paid T-17", 3, False)
    assert (again.data, again.replayed, again.attempts) == ("paid T-17", True, 0)
    assert (bank.calls, len(bank.payments)) == (3, 1)


async def test_a_failed_call_can_be_made_again_with_its_key() -> None:
    """Every attempt was lost: the next call goes on with the same key."""
    with virtual_time():
        bank = Bank(lost=2)
        pay = payer(bank, retry_policy=RetryPolicy(2, jitter="none"))

        first = await pay.run("T-17", idempotency_key="T-17")
        again = await pay.run("T-17", idempotency_key="T-17")

    assert (first.status, again.status, again.replayed) == ("timeout", "success", False)
    assert len(bank.payments) == 1


async def test_the_same_key_with_another_input_is_a_mistake() -> None:
    """Never silently the old result."""
    pay = payer(Bank())
    await pay.run("T-17", idempotency_key="T-17")

    with pytest.raises(IdempotencyConflict):
        await pay.run("T-18", idempotency_key="T-17")


async def test_retries_stop_before_the_remote_forgets_the_key() -> None:
    """An attempt after that could pay twice, so nobody makes it."""
    with virtual_time():
        bank = Bank(lost=99)
        pay = payer(bank, key_ttl=10, retry_policy=RetryPolicy(9, jitter="none"))

        result = await pay.run("T-17", idempotency_key="T-17")

    assert (result.status, bank.calls) == ("unknown", 2)  # at 0 and 4 s; the third would last from 9 to 12 s
    assert isinstance(result.error, EffectUnknown)


async def test_a_key_that_is_too_old_is_not_used_again() -> None:
    """A crashed call from yesterday."""
    with virtual_time() as clock:
        bank = Bank(lost=99)
        pay = payer(bank, retry_policy=None)
        await pay.run("T-17", idempotency_key="T-17")
        clock.advance(timedelta(days=1).total_seconds())

        result = await pay.run("T-17", idempotency_key="T-17")

    assert (result.status, bank.calls) == ("unknown", 1)


def charger(*failures: BaseException | None, sent: list[str], **options: Any) -> Agent[Any, Any]:
    """A guarded agent that acts, then fails so, call by call."""
    left = list(failures)

    async def charge(order: str) -> str:
        failure = left.pop(0) if left else None
        if isinstance(failure, ConnectionRefusedError | RateLimited | AgentError):
            raise failure
        sent.append(order)
        if failure is not None:
            raise failure
        return f"charged {order}"

    return Agent("charge", charge, **{"effect": "guarded", "timeout": 3, "retry_policy": RETRY, **options})


@pytest.mark.parametrize(
    "failure", [ConnectionResetError(), TimeoutError(), RuntimeError("boom"), ValueError("answer")]
)
async def test_a_doubtful_effect_is_never_done_again_blindly(failure: Exception) -> None:
    """Not by a retry, and not by another call with the key."""
    with virtual_time():
        sent: list[str] = []
        charge = charger(failure, sent=sent)

        first = await charge.run("T-17", idempotency_key="T-17")
        again = await charge.run("T-17", idempotency_key="T-17")

    assert [first.status, again.status] == ["unknown", "unknown"]
    assert sent == ["T-17"]


@pytest.mark.parametrize("failure", [ConnectionRefusedError(), RateLimited()])
async def test_what_was_surely_not_sent_is_tried_again(failure: Exception) -> None:
    """A connection that was refused, a throttled call."""
    with virtual_time():
        sent: list[str] = []

        result = await charger(failure, sent=sent).run("T-17", idempotency_key="T-17")

    assert (result.status, result.attempts, sent) == ("success", 2, ["T-17"])


async def test_a_guarded_agent_may_say_no() -> None:
    """An AgentError of its own says that nothing was done: no doubt, and another call may follow."""
    sent: list[str] = []
    charge = charger(AgentError("no such order"), sent=sent)

    first = await charge.run("T-17", idempotency_key="T-17")
    again = await charge.run("T-17", idempotency_key="T-17")

    assert (first.status, again.status, sent) == ("error", "success", ["T-17"])


async def test_what_is_done_is_answered_from_the_ledger() -> None:
    """Nothing is sent again."""
    sent: list[str] = []
    charge = charger(sent=sent)

    results = [await charge.run("T-17", idempotency_key="T-17") for _ in range(3)]

    assert [result.replayed for result in results] == [False, True, True]
    assert {result.data for result in results} == {"charged T-17"}
    assert sent == ["T-17"]


async def test_verify_settles_the_doubt() -> None:
    """It happened: its output is the result. It did not: it may be done."""
    with virtual_time():
        happened: dict[str, str] = {}
        asked: list[tuple[str, float]] = []

        async def verify(order: str, key: str) -> str | None:
            asked.append((key, monotonic()))
            return happened.get(order)

        sent: list[str] = []
        began = monotonic()
        did_not = await charger(TimeoutError(), sent=sent, verify=verify).run("T-1")
        happened["T-2"] = "charged before"
        did = await charger(TimeoutError(), sent=sent, verify=verify).run("T-2")

    assert (did_not.status, did_not.data, did_not.attempts) == ("success", "charged T-1", 2)
    assert (did.status, did.data, did.attempts) == ("success", "charged before", 1)
    assert sent == ["T-1", "T-1", "T-2"]
    assert asked[0][1] - began == pytest.approx(3)  # what was sent may be on its way for a timeout's length


async def test_a_verify_that_fails_leaves_the_doubt() -> None:
    """Whatever it raises."""

    async def verify(order: str, key: str) -> str | None:
        raise ConnectionError("ledger is down")

    with virtual_time():
        result = await charger(TimeoutError(), sent=[], verify=verify).run("T-1")

    assert result.status == "unknown"
    assert result.error is not None and "ledger is down" in result.error.message


async def test_a_crash_between_intent_and_answer_is_found() -> None:
    """Another process meets the intent: it asks verify(), or says that it does not know."""
    store, sent, key = MemoryStore(), list[str](), "T-17"
    begun = asyncio.Event()

    async def charge(order: str) -> None:
        sent.append(order)
        begun.set()
        await asyncio.Event().wait()

    crashes = Agent("charge", charge, effect="guarded")
    crashing = asyncio.create_task(call(crashes, "T-17", Scope(path="charge", key=key, store=store)))
    await begun.wait()
    crashing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await crashing

    blind = await call(charger(sent=sent), "T-17", Scope(path="charge", key=key, store=store))
    asks = charger(sent=sent, verify=lambda order, key: "charged by the other")
    sure = await call(asks, "T-17", Scope(path="charge", key=key, store=store))

    assert (blind.status, sure.status, sure.data) == ("unknown", "success", "charged by the other")
    assert sent == ["T-17"]


async def test_a_plain_guarded_function_that_times_out_is_unknown() -> None:
    """Its thread may still act: not even a verify() that says no makes it certain."""
    gate = threading.Event()

    def charge(order: str) -> None:
        gate.wait()

    def verify(order: str, key: str) -> None:
        return None

    results = [
        await Agent("charge", charge, effect="guarded", timeout=0.01, retry_policy=RETRY, verify=check).run("T-17")
        for check in (None, verify)
    ]
    gate.set()

    assert [(result.status, result.attempts) for result in results] == [("unknown", 1), ("unknown", 1)]


async def test_an_open_breaker_is_no_doubt() -> None:
    """Nothing was sent."""
    with virtual_time():
        breaker = CircuitBreaker(1, 60)
        breaker.trip()
        sent: list[str] = []
        charge = charger(sent=sent, breaker=breaker)

        refused = await charge.run("T-17", idempotency_key="T-17")
        await asyncio.sleep(60)
        later = await charge.run("T-17", idempotency_key="T-17")

    assert (refused.status, later.status, sent) == ("open", "success", ["T-17"])


async def test_an_effect_is_not_begun_with_a_lease_that_is_over() -> None:
    """Another worker may have the node."""
    sent: list[str] = []

    with pytest.raises(Fenced):
        await call(charger(sent=sent), "T-17", Scope(path="charge", lease_until=monotonic() - 1))

    assert sent == []


async def test_a_node_writes_its_effect_with_its_completion() -> None:
    """Inside of a run the scope has it for Finish; the intent is in the ledger."""
    store = MemoryStore()
    scope = Scope(path="charge", run_id="r-1", store=store)

    result = await call(charger(sent=[]), "T-17", scope)

    assert result.status == "success"
    assert scope.effect is not None
    assert (scope.effect.status, scope.effect.key) == ("done", scope.idempotency_key)
    assert [entry.status for entry in await store.effects("r-1")] == ["intended"]


async def test_a_stored_wait_leaves_no_doubt() -> None:
    """A durable run waits for long between attempts that certainly sent nothing; whoever goes on may send."""
    with virtual_time():
        store, sent = MemoryStore(), list[str]()
        refused = [ConnectionRefusedError()] * 4
        charge = charger(*refused, sent=sent)

        def scope(state: Any = None) -> Scope:
            return Scope(path="charge", run_id="r-1", store=store, durable=True, state=state)

        with pytest.raises(StoredWait) as waits:
            await call(charge, "T-17", scope())
        result = await call(charge, "T-17", scope(waits.value.state))

    assert (waits.value.seconds, waits.value.attempts) == (8, 4)
    assert (result.status, result.attempts, sent) == ("success", 5, ["T-17"])


async def test_a_transactional_agent_runs_in_the_nodes_transaction() -> None:
    """The engine's hook gets the whole call; outside of runs it is a plain call."""
    entered: list[str] = []

    @agent(effect="transactional")
    def write(order: str) -> str:
        return f"wrote {order}"

    async def transaction(work: Any) -> Any:
        entered.append("begin")
        output = work()
        entered.append("commit")
        return output

    inside = await call(write, "T-17", Scope(path="write", run_id="r-1", transaction=transaction))
    outside = await write.run("T-18")

    assert (inside.data, outside.data) == ("wrote T-17", "wrote T-18")
    assert entered == ["begin", "commit"]


async def test_an_output_without_a_stored_form_counts_as_done() -> None:
    """It is returned once; a replay says what is missing."""
    made = []

    @agent(effect="keyed")
    async def connect(x: int) -> object:
        made.append(x)
        return threading.Lock()

    first = await connect.run(1, idempotency_key="k")
    again = await connect.run(1, idempotency_key="k")

    assert first.status == "success"
    assert (again.status, made) == ("error", [1])
    assert again.error is not None and again.error.type == "ResultNotSerializable"


async def test_a_no_that_hides_a_lost_answer_is_a_doubt() -> None:
    """An AgentError raised while a timeout is handled does not say that nothing was done; `from None` does."""

    async def charge(certain: bool) -> None:
        try:
            raise TimeoutError
        except TimeoutError:
            if certain:
                raise AgentError("they told us no") from None
            raise AgentError("something went wrong")  # noqa: B904  # as it is often written

    charging = Agent("charge", charge, effect="guarded")

    assert [(await charging.run(certain)).status for certain in (True, False)] == ["error", "unknown"]


async def test_without_time_to_ask_it_stays_unknown() -> None:
    """verify() would be asked too early to be believed."""
    asked: list[str] = []

    def verify(order: str, key: str) -> None:
        asked.append(order)

    with virtual_time():
        result = await charger(TimeoutError(), sent=[], verify=verify).run("T-17", timeout=3)

    assert (result.status, asked) == ("unknown", [])


async def test_verify_may_be_plain_and_answer_later() -> None:
    """A function, whose answer may be awaited; a mistake in it raises."""

    async def found() -> str:
        return "charged before"

    async def lost(order: str, key: str) -> Any:
        raise Fenced

    with virtual_time():
        result = await charger(TimeoutError(), sent=[], verify=lambda order, key: found(), timeout=None).run("T-17")
        with pytest.raises(Fenced):
            await charger(TimeoutError(), sent=[], verify=lost).run("T-17")

    assert result.data == "charged before"


async def test_a_session_as_input_is_known_by_its_owner() -> None:
    """The ledger compares whose it is, not what it holds."""
    paid: list[str] = []

    @agent(effect="keyed", key_ttl=None)
    async def pay(session: SessionContext) -> str:
        paid.append(session.owner)
        return "paid"

    first = await pay.run(SessionContext("ann"), idempotency_key="k")
    again = await pay.run(SessionContext("ann"), idempotency_key="k")
    with pytest.raises(IdempotencyConflict):
        await pay.run(SessionContext("ben"), idempotency_key="k")

    assert (first.data, again.replayed, paid) == ("paid", True, ["ann"])


async def test_in_a_run_an_output_without_a_stored_form_is_for_the_engine() -> None:
    """The effect is done; a person says how it goes on."""

    async def connect(x: int) -> object:
        return threading.Lock()

    scope = Scope(path="connect", run_id="r-1", store=MemoryStore())
    result = await call(Agent("connect", connect, effect="keyed"), 1, scope)

    assert result.error is not None and result.error.type == "ResultNotSerializable"
    assert scope.effect is not None and scope.effect.status == "done"
