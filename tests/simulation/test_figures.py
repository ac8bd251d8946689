"""What the simulation counts, and what it draws its faults from."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean

import pytest

from pipelines.simulation.faults import PRIMARY, SECONDARY, Mix, Schedule, arrivals, fate
from pipelines.simulation.figures import estimate, figures
from pipelines.simulation.world import OrderDatabase, Served

DAY = 86400.0


def test_the_same_call_meets_the_same_fate() -> None:
    """A fate depends on nothing but seed, request, agent, attempt and provider."""
    mix = Mix()
    one = [fate(mix, 1, request, "extract", 1, PRIMARY) for request in range(200)]
    again = [fate(mix, 1, request, "extract", 1, PRIMARY) for request in reversed(range(200))]

    assert one == again[::-1]
    assert one != [fate(mix, 1, request, "extract", 2, PRIMARY) for request in range(200)]
    assert one != [fate(mix, 2, request, "extract", 1, PRIMARY) for request in range(200)]


def test_faults_are_as_frequent_as_the_mix_says() -> None:
    """Shares of hangs, errors, malformed and lost answers, and the median latency, come out."""
    mix = Mix()
    drawn = [fate(mix, 7, request, "check", 1, PRIMARY) for request in range(100_000)]

    assert fmean(one.fault == "hang" for one in drawn) == pytest.approx(mix.hang, rel=0.2)
    assert fmean(one.fault == "error" for one in drawn) == pytest.approx(mix.error, rel=0.2)
    assert fmean(one.fault == "malformed" for one in drawn) == pytest.approx(mix.malformed, rel=0.2)
    assert fmean(one.lost for one in drawn) == pytest.approx(mix.lost, rel=0.3)
    assert sorted(one.latency for one in drawn)[50_000] == pytest.approx(mix.median, rel=0.02)


@pytest.mark.parametrize("seed", range(20))
def test_outages_take_the_share_of_the_day_that_the_mix_says(seed: int) -> None:
    """Six windows that do not overlap; the secondary is out only while the primary is."""
    schedule = Schedule(Mix(), seed=seed, duration=DAY)

    assert sum(end - begin for begin, end in schedule.windows) == pytest.approx(0.055 * DAY)
    assert all(end <= after for (_, end), (after, _) in pairwise(schedule.windows))
    begin, end = schedule.secondary
    assert end - begin == pytest.approx(0.0009 * DAY)
    assert schedule.outage(PRIMARY, begin) is not None
    assert schedule.outage(SECONDARY, begin) == "down"
    assert {schedule.outage(PRIMARY, one) for one, _ in schedule.windows} == {"down", "hanging"}


def test_arrivals_are_a_poisson_process() -> None:
    """As many as the rate says, the gaps as uneven as they are long."""
    times = arrivals(0.35, seed=3, duration=DAY)
    gaps = [after - before for before, after in pairwise(times)]

    assert len(times) == pytest.approx(0.35 * DAY, rel=0.03)
    assert fmean(gap**2 for gap in gaps) == pytest.approx(2 * fmean(gaps) ** 2, rel=0.1)


def test_the_order_database_counts_for_itself() -> None:
    """A key is answered again, without one the order is placed again: that is a duplicate."""
    orders = OrderDatabase()

    assert orders.place(1, key="a") == orders.place(1, key="a")
    assert orders.duplicates == 0
    orders.place(2, key=None)
    orders.place(2, key=None)
    assert orders.duplicates == 1


def test_a_minute_is_up_when_four_fifths_of_its_requests_succeed() -> None:
    """Latency counts failed requests too."""
    good = [Served(second, 1.0, True) for second in (1, 2, 3, 4)]
    served = [*good, Served(5, 6.0, False), Served(61, 1.0, False), Served(62, 1.0, True)]

    told = figures(served, duplicates=3, calls=9)

    assert told.uptime == 50
    assert told.latency == pytest.approx(12 / 7)
    assert told.errors == pytest.approx(200 / 7)
    assert (told.duplicates, told.requests, told.calls) == (3, 7, 9)


def test_an_interval_is_student_s() -> None:
    """Over thirty values with t = 2.045; of one value there is none."""
    values = [float(n) for n in range(30)]
    got = estimate(values)

    assert (got.mean, got.least, got.most) == (14.5, 0, 29)
    assert got.high - got.mean == pytest.approx(2.045 * 8.803 / 30**0.5, rel=1e-3)
    assert estimate([3.0]).low == 3.0
