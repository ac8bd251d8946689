"""Functions, classes and objects become agents, and are known by name."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest

from ecoa.agent import Agent, Result, agent
from ecoa.errors import Misuse, UnknownAgent
from ecoa.resilience import CircuitBreaker, RetryPolicy


async def test_an_async_function_is_an_agent() -> None:
    """Its name is the function's."""

    @agent
    async def classify(text: str) -> str:
        """What it is about."""
        return text.upper()

    result = await classify.run("return")

    assert (classify.name, classify.__doc__) == ("classify", "What it is about.")
    assert result and result.data == "RETURN"
    assert isinstance(result, Result)


async def test_a_plain_function_is_an_agent() -> None:
    """It runs in a thread."""

    @agent(timeout=3)
    def double(x: int) -> int:
        return 2 * x

    assert (await double.run(21)).unwrap() == 42


async def test_a_class_with_run_is_an_agent() -> None:
    """It is registered in lower-case snake form, made once, at the first call."""
    made = 0

    @agent
    class OrderDesk:
        def __init__(self) -> None:
            nonlocal made
            made += 1
            self.seen = 0

        async def run(self, order: str) -> int:
            self.seen += 1
            return self.seen

    assert made == 0
    answers = [(await Agent("order_desk").run("a")).data for _ in range(3)]

    assert answers == [1, 2, 3]
    assert made == 1


async def test_triage_of_the_story_is_triage() -> None:
    """@agent class Triage is Agent("triage")."""

    @agent
    class Triage:
        async def run(self, ticket: str) -> str:
            return f"{ticket}: refund"

    assert (await Agent("triage", retry_policy=RetryPolicy()).run("T-17")).data == "T-17: refund"
    assert isinstance(Triage, Agent)


async def test_objects_partials_and_lambdas_are_agents() -> None:
    """Whatever can be called, or run."""

    class Desk:
        def __init__(self, city: str) -> None:
            self.city = city

        def run(self, order: str) -> str:
            return f"{order} to {self.city}"

    def add(x: int, *, to: int = 0) -> int:
        return x + to

    assert (await agent(Desk("Bern")).run("book")).data == "book to Bern"
    assert (await agent(partial(add, to=3), name="three").run(1)).data == 4
    assert (await Agent("negate", lambda x: -x).run(5)).data == -5


async def test_what_is_decorated_can_still_be_called() -> None:
    """Plainly, as if it were not."""

    @agent
    def double(x: int) -> int:
        return 2 * x

    @agent
    class Desk:
        def __init__(self, city: str = "Bern") -> None:
            self.city = city

        def run(self, x: int) -> int:
            return x

    assert double(4) == 8
    assert Desk("Chur").city == "Chur"


async def test_names_are_looked_up_when_called() -> None:
    """An Agent may be named before it is declared."""
    later = Agent[Any, Any]("later")

    @agent(name="later")
    async def declared_after(x: int) -> int:
        return x

    assert (await later.run(1)).data == 1


async def test_an_unknown_name_raises_and_says_what_is_known() -> None:
    """It is the program's mistake, not a failure of an agent."""

    @agent
    async def refund(x: int) -> int:
        return x

    with pytest.raises(UnknownAgent, match=r"no agent 'refnud' is registered \(known: .*refund"):
        await Agent("refnud").run(1)


async def test_a_mistake_inside_of_an_agent_raises_too() -> None:
    """It does not hide as that agent's failure."""

    @agent(retry_policy=RetryPolicy())
    async def outer(x: int) -> object:
        return await Agent("nobody").run(x)

    with pytest.raises(UnknownAgent):
        await outer.run(1)


def test_an_agent_by_name_takes_over_options_unless_given_anew() -> None:
    """Registered options hold, given ones go before them."""
    retry, breaker = RetryPolicy(2), CircuitBreaker()

    @agent(name="refund", timeout=3, effect="keyed", retry_policy=RetryPolicy(9))
    async def refund(x: int) -> int:
        return x

    resolved = Agent("refund", retry_policy=retry, breaker=breaker).resolve()

    assert (resolved.timeout, resolved.effect, resolved.fn) == (3, "keyed", refund.fn)
    assert resolved.retry_policy is retry
    assert resolved.breaker is breaker
    assert refund.breaker is None


def test_with_changes_a_copy() -> None:
    """The original stays as it was; None takes an option away."""

    @agent(timeout=3, concurrency=2)
    async def refund(x: int) -> int:
        return x

    changed = refund.with_(timeout=None, effect="keyed")

    assert (changed.timeout, changed.effect) == (None, "keyed")
    assert (refund.timeout, refund.effect) == (3, "none")
    assert changed.bulkhead is refund.bulkhead


async def test_an_agent_around_an_agent_has_its_options() -> None:
    """Under another name."""

    @agent(timeout=3)
    async def refund(x: int) -> int:
        return x

    other = Agent("other", refund, effect="keyed")

    assert (other.timeout, other.effect) == (3, "keyed")
    assert (await other.run(2)).data == 2


def test_an_agent_made_by_hand_is_known_while_it_is_held() -> None:
    """Its name does not outlive it, and never takes that of a declared one."""
    held = Agent("held", lambda x: x)
    assert Agent("held").resolve().fn is held.fn
    del held

    with pytest.raises(UnknownAgent):
        Agent("held").resolve()


def test_two_functions_of_one_name_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The later one is the agent."""

    def first(x: int) -> int:
        return x

    def second(x: int) -> int:
        return x

    agent(first, name="same")
    with caplog.at_level(logging.WARNING, "ecoa.agent"):
        agent(second, name="same")

    assert Agent("same").resolve().fn is second
    assert "no longer" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda: 1, "the first parameter is its input"),
        (lambda x, other: x, "nobody gives other"),
        (lambda x, *, order: x, "nobody gives order"),
        (object(), "is no function"),
        (42, "is no function"),
    ],
)
def test_what_cannot_be_an_agent_is_refused_when_declared(wrong: Any, told: str) -> None:
    """With a message that says why."""
    with pytest.raises(Misuse, match=told):
        agent(wrong, name="wrong")


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"total_timeout": -1},
        {"effect": "sometimes"},
        {"retires": 3},
        {"verify": lambda x, key: None},
        {"effect": "transactional"},
    ],
)
def test_options_that_cannot_be_meant_are_refused_when_declared(options: dict[str, Any]) -> None:
    """A transactional agent, for instance, is a plain def."""

    async def refund(x: int) -> int:
        return x

    with pytest.raises(Misuse):
        agent(refund, **options)


def test_a_class_whose_instances_need_arguments_is_told_at_the_call() -> None:
    """Importing makes no instances, so it cannot be known before."""

    @agent
    class Desk:
        def __init__(self, city: str) -> None:
            self.city = city

        def run(self, x: int) -> int:
            return x

    with pytest.raises(Misuse, match="make an instance"):
        Agent("desk").run_sync(1)


def test_further_mistakes_are_told() -> None:
    """A class without run(), an option of with_() that does not exist, a lambda without a name, nothing to call."""

    class Empty:
        pass

    with pytest.raises(Misuse, match="has no run"):
        agent(Empty)
    with pytest.raises(Misuse, match="there is no option 'retries'"):
        Agent("a", len).with_(retries=3)  # type: ignore[call-arg]
    with pytest.raises(Misuse, match="a lambda has no name"):
        agent(lambda x: x)
    with pytest.raises(Misuse, match="no function to call"):
        Agent("model", model="ollama/llama3")(1)


async def test_builtins_and_partials_are_agents() -> None:
    """Those without a signature, too; a partial has the name of its function."""

    def add(x: int, *, to: int = 0) -> int:
        return x + to

    assert agent(partial(add, to=1)).name == "add"
    assert (await Agent("longest", max).run([1, 3, 2])).data == 3


async def test_an_agent_is_declared_anew_under_another_name() -> None:
    """With its options, and others."""

    @agent(timeout=3)
    async def refund(x: int) -> int:
        return x

    other = agent(refund, name="fast_refund", timeout=1)

    assert (other.name, other.timeout, refund.timeout) == ("fast_refund", 1, 3)
    assert (await Agent("fast_refund").run(5)).data == 5


async def test_hints_that_cannot_be_found_are_no_hints() -> None:
    """Names of a TYPE_CHECKING block, for instance."""

    async def ask(x: Nowhere) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        return x

    assert (await Agent("ask", ask).run(1)).data == 1
