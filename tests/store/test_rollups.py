"""Rollups hold the same sums and percentiles whatever their width, and stay bounded."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.store.house import House
from tests.store.spans import EPOCH_NS, agent, chat, tool
from traces.rollups.fold import DAY, HOUR, compact, fold, whole
from traces.rollups.histogram import RELATIVE_ERROR, index, merged, percentile, value
from traces.rollups.keys import OTHER, Keys

NOW = EPOCH_NS // 60_000_000_000 + 10
MINUTE_MS = 60_000


def fill(house: House, *, traces: int = 30) -> None:
    """Traces of three spans, one a minute."""
    for number in range(traces):
        start = number * MINUTE_MS
        house.receive(
            agent(1, "planner", trace=number + 1, start=start, end=start + 50 + number),
            chat(2, parent=1, trace=number + 1, start=start, end=start + 20 + number),
            tool(3, parent=1, trace=number + 1, start=start, end=start + 10, error=number % 7 == 0),
        )
    house.finish()


@given(st.integers(0, 2**63 - 1))
def test_a_bucket_stands_for_its_durations_within_half_a_percent(duration_ns: int) -> None:
    """Every duration is read back with a relative error below 0.5 %."""
    read = value(index(duration_ns))

    assert abs(read - duration_ns) <= max(1.0, (RELATIVE_ERROR + 1e-9) * duration_ns)


def test_percentiles_are_those_of_the_durations() -> None:
    """A histogram's percentiles are within 0.5 % of percentile_cont over the durations themselves."""
    random.seed(5)
    durations = sorted(int(random.lognormvariate(20, 1)) for _ in range(2_000))
    histogram = Counter(index(duration) for duration in durations)
    buckets, counts = merged([([bucket], [count]) for bucket, count in histogram.items()])

    for q in (0.0, 0.5, 0.9, 0.95, 0.99, 1.0):
        rank = q * (len(durations) - 1)
        low = durations[int(rank)]
        exact = low + (durations[min(int(rank) + 1, len(durations) - 1)] - low) * (rank % 1)
        found = percentile(buckets, counts, q)
        assert found is not None
        assert abs(found - exact) <= 0.005 * exact


def test_an_empty_histogram_has_no_percentile() -> None:
    """Nothing counted, nothing claimed."""
    assert percentile([], [], 0.5) is None


def test_folding_keeps_every_sum(house: House) -> None:
    """Deltas become rows of their minutes; what readers add up stays the same, however often it is done."""
    fill(house)
    before = house.rollups()

    for limit in (7, 1_000, 1_000):
        fold(house.conn, now_minute=NOW, limit=limit)
    once = house.rollups(), house.one("SELECT count(*) FROM traces_rollup_delta")
    fill(house)
    fold(house.conn, now_minute=NOW)

    assert once == (before, 0)
    assert house.rollups() == before


def test_folding_adds_to_rows_that_exist(house: House) -> None:
    """A minute that is folded twice has the sum of both."""
    house.receive(agent(1, "planner", trace=1, end=50))
    house.finish()
    fold(house.conn, now_minute=NOW)
    house.receive(agent(1, "planner", trace=2, end=50), agent(1, "planner", trace=3, end=90))
    house.finish()

    fold(house.conn, now_minute=NOW)

    assert house.rows("SELECT calls, counts FROM traces_rollup") == [(3, [2, 1])]


def test_compacting_keeps_every_sum_in_wider_rows(house: House) -> None:
    """Minutes become hours after three hours, hours become days after two weeks; sums by day stay the same."""
    fill(house, traces=90)
    fold(house.conn, now_minute=NOW)
    day = f"r.bucket - r.bucket % {DAY}"
    before = house.rollups(bucket=day)

    compact(house.conn, now_minute=NOW + 6 * HOUR)
    hours = house.rollups(bucket=day), house.rows("SELECT DISTINCT width FROM traces_rollup")
    while compact(house.conn, now_minute=NOW + 20 * DAY, limit=2):
        pass
    days = house.rollups(bucket=day), house.rows("SELECT DISTINCT width FROM traces_rollup")

    assert hours == (before, [(HOUR,)])
    assert days == (before, [(DAY,)])


def test_deltas_of_compacted_minutes_go_into_their_hour(house: House) -> None:
    """Spans that arrive late do not bring back rows of minutes."""
    fill(house, traces=2)

    fold(house.conn, now_minute=NOW + 6 * HOUR)

    assert house.rows("SELECT DISTINCT width, bucket FROM traces_rollup") == [
        (HOUR, whole(EPOCH_NS // 60_000_000_000, HOUR))
    ]


def test_a_project_with_too_many_keys_counts_the_rest_together(house: House) -> None:
    """A client that makes names up costs itself its names, and no one anything else."""
    house.keys = Keys(most_a_project=2)
    for number in range(5):
        house.receive(agent(1, f"agent-{number}", trace=number + 1))
        house.store()
    house.receive(agent(1, "elsewhere", trace=1), project=8)
    house.store()

    assert house.rows("SELECT project_id, agent FROM traces_rollup_key ORDER BY 1, 2") == [
        (7, OTHER), (7, "agent-0"), (7, "agent-1"), (8, "elsewhere"),
    ]  # fmt: skip
    assert sum(columns[8] for columns in house.rollups() if columns[0] == 7) == 5
