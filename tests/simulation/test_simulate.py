"""The table in small: the shipped engine against the naive chain under the same faults."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pipelines.simulation.claims import peak_throughput, storm, timeouts
from pipelines.simulation.days import Play, play
from pipelines.simulation.faults import Mix
from pipelines.simulation.orchestrated import ABLATION, Setup
from pipelines.simulation.report import Asked, report
from pipelines.simulation.stored import last
from pipelines.simulation.words import text_of

HOUR = 3600.0
pytestmark = pytest.mark.slow  # hours of requests are played through: a second each


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_does_better_than_the_naive_chain(seed: int) -> None:
    """Up more often, faster, fewer errors, and no order twice."""
    naive = play(Play(seed=seed, setup=None, duration=HOUR)).figures
    ours = play(Play(seed=seed, setup=Setup(), duration=HOUR)).figures

    assert naive.requests == ours.requests
    assert naive.uptime < 96
    assert ours.uptime > 98
    assert naive.errors > 5
    assert ours.errors < 1.5
    assert naive.latency > 1.5
    assert ours.latency < 1.5
    assert ours.duplicates == 0


def test_the_same_seed_gives_the_same_figures() -> None:
    """Nothing depends on the machine, the clock or the order of the plays."""
    one = play(Play(seed=5, setup=Setup(), duration=0.3 * HOUR, course=True))
    two = play(Play(seed=5, setup=Setup(), duration=0.3 * HOUR, course=True))

    assert one.figures.requests == two.figures.requests
    assert (one.figures.errors, one.figures.calls) == (two.figures.errors, two.figures.calls)
    assert one.figures.latency == pytest.approx(two.figures.latency, rel=1e-6)
    assert one.outages == two.outages


def test_without_keys_retries_place_orders_twice() -> None:
    """The order database counts them; with keys, under the same faults, there are none."""
    often = Mix(lost=0.05)  # so that minutes are enough
    careless = play(Play(seed=1, setup=ABLATION["no idempotency"], duration=0.1 * HOUR, mix=often)).figures
    keyed = play(Play(seed=1, setup=Setup(), duration=0.1 * HOUR, mix=often)).figures

    assert careless.duplicates > 0
    assert keyed.duplicates == 0


def test_jitter_lets_everybody_be_served() -> None:
    """Without it most of the clients come at the same moment again and again."""
    none, full = (storm(200, 10, jitter=jitter, seed=1) for jitter in ("none", "full"))

    assert (none.calls, none.served) == (1740, 120)
    assert full.served == 200
    assert full.calls < none.calls / 2


def test_a_breaker_keeps_the_peak_going() -> None:
    """While the provider hangs for 30 % of a short peak, more requests are finished with it."""
    without, guarded = (peak_throughput(0.3, breaker=breaker, seed=1, peak=40) for breaker in (False, True))

    assert guarded > without * 1.05


def test_each_agent_needs_a_timeout_of_its_own() -> None:
    """One second for all cuts off slow agents' good answers; 1.5 x p99.9 of each hardly any."""
    told = timeouts(seed=1, history=1000)

    assert told.one_for_all == pytest.approx(23, abs=3)
    assert told.learned < 0.5


def test_a_report_holds_what_was_asked_for() -> None:
    """Figures of both arms, goals, the course of the first day, as JSON and as text."""
    made = report(Asked(seeds=[1, 2], days=0.005))

    assert json.loads(json.dumps(made))["seeds"] == [1, 2]
    assert set(made["arms"]) == {"naive", "orchestrated"}
    assert len(made["goals"]) == 8
    assert made["course"]["naive"] and made["course"]["orchestrated"]
    text = text_of(made)
    assert "Without a second provider the uptime gain is about zero" in text
    assert "95 % intervals" in text


@pytest.mark.django_db
def test_the_command_prints_and_keeps_the_report() -> None:
    """The page shows what the command stored last."""
    out = StringIO()

    call_command("simulate", "--days", "0.005", stdout=out, stderr=StringIO())

    assert "duplicate orders" in out.getvalue()
    kept = last()
    assert kept is not None
    assert kept.report["seeds"] == [1]


@pytest.mark.django_db
def test_the_command_can_keep_nothing_and_refuses_nonsense() -> None:
    """--no-store leaves the database alone."""
    out = StringIO()
    call_command("simulate", "--days", "0.005", "--no-store", "--json", stdout=out, stderr=StringIO())

    assert json.loads(out.getvalue())["requests"] > 50
    assert last() is None
    with pytest.raises(CommandError, match="--seeds"):
        call_command("simulate", "--seeds", "0")
