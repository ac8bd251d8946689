"""Retries wait as their policy says, and only for what another attempt may not meet."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoa.errors import (
    AgentError,
    AgentTimeout,
    CircuitOpen,
    EffectUnknown,
    MalformedOutput,
    Overloaded,
    RateLimited,
    TransientError,
)
from ecoa.resilience import RetryBudget, RetryPolicy

shares = st.floats(0, 1)
policies = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 40),
    backoff_factor=st.floats(1, 1e6),
    initial=st.floats(0, 100),
    max_delay=st.floats(0, 3600),
    jitter=st.sampled_from(["full", "equal", "none"]),
)


def test_the_founding_policy_waits_1_2_4_8_16() -> None:
    """RetryPolicy(max_attempts=5, backoff_factor=2) has the nominal waits of the story."""
    assert RetryPolicy(max_attempts=5, backoff_factor=2).delays() == (1, 2, 4, 8, 16)


def test_repr_tells_calls_and_waits() -> None:
    """Five attempts are five calls with four waits between them, and the repr says so."""
    told = repr(RetryPolicy(max_attempts=5, backoff_factor=2))

    assert "5 calls in all" in told
    assert "waits 1, 2, 4, 8 s" in told
    assert "full jitter" in told


def test_waits_are_capped() -> None:
    """No wait is longer than max_delay, however often a call failed."""
    assert RetryPolicy(8, 2, max_delay=10).delays() == (1, 2, 4, 8, 10, 10, 10, 10)
    assert RetryPolicy(5000, 10).delay(5000) == 60


@given(policies)
def test_nominal_waits_never_shrink_nor_pass_the_cap(policy: RetryPolicy) -> None:
    """delays() has one wait an attempt, rising to the cap."""
    delays = policy.delays()

    assert len(delays) == policy.max_attempts
    assert all(0 <= delay <= policy.max_delay for delay in delays)
    assert all(early <= late for early, late in pairwise(delays))


@given(policies, st.integers(1, 40), shares)
def test_jitter_stays_within_its_bounds(policy: RetryPolicy, attempt: int, share: float) -> None:
    """Full jitter draws from nothing to the nominal wait, equal from half of it, none takes it."""
    nominal = policy.delay(attempt)
    least = {"full": 0.0, "equal": nominal / 2, "none": nominal}[policy.jitter]

    wait = policy.wait(attempt, TransientError(), random=lambda: share)

    assert least <= wait <= nominal


@given(policies, st.integers(1, 40), st.floats(0, 1e5), shares)
def test_retry_after_is_never_undercut(policy: RetryPolicy, attempt: int, told: float, share: float) -> None:
    """A target that says when to come back is not asked earlier; jitter comes on top."""
    wait = policy.wait(attempt, RateLimited(retry_after=told), random=lambda: share)

    assert told + policy.delay(attempt) / 2 <= wait <= told + policy.delay(attempt)


def test_throttled_calls_keep_half_the_wait() -> None:
    """With full jitter a throttle could burn every retry in a moment."""
    assert RetryPolicy().wait(4, RateLimited(), random=lambda: 0.0) == 4.0
    assert RetryPolicy().wait(4, Overloaded(), random=lambda: 0.0) == 0.0


def test_retry_after_can_be_ignored() -> None:
    """respect_retry_after=False leaves the policy's own waits."""
    policy = RetryPolicy(respect_retry_after=False, jitter="none")

    assert policy.wait(1, Overloaded(retry_after=50)) == 1


@pytest.mark.parametrize(
    "error", [TimeoutError(), ConnectionResetError(), AgentTimeout(), RateLimited(), Overloaded(), TransientError()]
)
def test_transient_failures_are_tried_again(error: Exception) -> None:
    """Timeouts, connection errors, throttling and overload."""
    assert RetryPolicy().retries(error)


@pytest.mark.parametrize(
    "error", [ValueError(), RuntimeError(), AgentError(), CircuitOpen(), EffectUnknown(), KeyError("sku")]
)
def test_other_failures_are_final(error: Exception) -> None:
    """Validation, mistakes, an open breaker and effects in doubt are never tried again."""
    assert not RetryPolicy().retries(error)


def test_the_last_attempt_is_the_last() -> None:
    """max_attempts counts every call."""
    policy = RetryPolicy(max_attempts=3)

    assert [policy.allows(attempt, TransientError()) for attempt in (1, 2, 3, 4)] == [True, True, False, False]


def test_malformed_output_is_tried_again_twice() -> None:
    """A model that cannot keep to a schema does not get every attempt."""
    assert [RetryPolicy(9).retries(MalformedOutput(), malformed=times) for times in (1, 2, 3)] == [True, True, False]


def test_retry_on_says_what_is_tried_again() -> None:
    """Exception types or a function replace the declared-transient ones."""
    by_type = RetryPolicy(retry_on=[KeyError, ZeroDivisionError])
    by_one_type = RetryPolicy(retry_on=KeyError)
    by_function = RetryPolicy(retry_on=lambda error: "again" in str(error))

    assert by_type.retries(KeyError("sku")) and by_one_type.retries(KeyError("sku"))
    assert not by_type.retries(TimeoutError())
    assert by_function.retries(RuntimeError("again")) and not by_function.retries(RuntimeError("no"))


def test_retry_on_sees_what_an_error_was_made_of() -> None:
    """An exception that was translated is asked about in its own form."""
    translated = AgentError("boom", type="KeyError")
    translated.__cause__ = KeyError("sku")

    assert RetryPolicy(retry_on=[KeyError]).retries(translated)


def test_retry_on_cannot_repeat_what_is_in_doubt() -> None:
    """Not even a policy that retries everything does an unknown effect again."""
    everything = RetryPolicy(retry_on=[Exception])

    assert not everything.retries(EffectUnknown())
    assert not everything.retries(CircuitOpen())


@pytest.mark.parametrize(
    "wrong",
    [{"max_attempts": 0}, {"backoff_factor": 0}, {"initial": -1}, {"max_delay": -1}, {"jitter": "some"}],
)
def test_policies_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    """At the place where they are written."""
    with pytest.raises(ValueError):
        RetryPolicy(**wrong)  # type: ignore[arg-type]


def test_a_budget_ends_retry_storms() -> None:
    """A target that is down gets a hundred retries, then none until first tries succeed again."""
    budget = RetryBudget(500, 5, 10, 1)

    paid = sum(budget.spend(TransientError()) for _ in range(1000))
    for _ in range(5):
        budget.succeed()

    assert paid == 100
    assert budget.spend(TransientError())
    assert not budget.spend(TransientError())


def test_retries_after_timeouts_cost_double() -> None:
    """They cost their target the most."""
    budget = RetryBudget()

    assert sum(budget.spend(AgentTimeout()) for _ in range(1000)) == 50


@given(st.lists(st.sampled_from(["fail", "time out", "succeed"]), max_size=300))
def test_a_budget_stays_between_empty_and_full(happenings: list[str]) -> None:
    """Whatever happens."""
    budget = RetryBudget(60)
    for happening in happenings:
        match happening:
            case "fail":
                budget.spend(TransientError())
            case "time out":
                budget.spend(AgentTimeout())
            case "succeed":
                budget.succeed()

        assert 0 <= budget.left <= 60


def test_what_retry_on_and_budgets_cannot_mean_is_refused() -> None:
    """Names of exceptions, or a bucket of nothing."""
    with pytest.raises(TypeError):
        RetryPolicy(retry_on=["TimeoutError"])  # type: ignore[list-item]
    with pytest.raises(ValueError):
        RetryBudget(0)


def test_a_budget_shows_what_is_left() -> None:
    """Of how much."""
    assert repr(RetryBudget()) == "RetryBudget(500 of 500 left)"
