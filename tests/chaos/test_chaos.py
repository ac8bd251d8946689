"""Orders under kill -9, freezes, database crashes and lost answers: nothing twice, nothing lost, doubts visible."""

from __future__ import annotations

import pytest

from bench.chaos.faults import Plan
from bench.chaos.play import play


@pytest.mark.stack
@pytest.mark.slow
def test_no_order_is_charged_or_shipped_twice_and_none_is_lost() -> None:
    """Three workers and 50 seconds of faults, which is why it is slow: the short form of `python -m bench.chaos`."""
    outcome = play(orders=400, seconds=50, workers=3, seed=1, plan=Plan(kill=5, freeze=10, restart=20, close=9))

    assert outcome.broken == []
    assert outcome.counts["orders charged twice"] == outcome.counts["orders shipped twice"] == 0
    assert outcome.faults["PostgreSQL crashed and restarted"] >= 1
    assert outcome.counts["nodes taken over from lost workers"] >= 1
