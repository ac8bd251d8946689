"""Decisions that race on a running platform while its workers die: one counts, and its run goes on once."""

from __future__ import annotations

import pytest

from bench.racing.play import play


@pytest.mark.stack
@pytest.mark.slow
def test_ten_decisions_at_once_let_each_run_go_on_once_though_workers_are_killed() -> None:
    """Starts a platform of its own, which is why it is slow: the short form of `python -m bench.racing`."""
    outcome = play(reviews=6, seconds=2, kills=1, seed=1)

    assert outcome.broken == []
    assert outcome.counts["decisions accepted"] == 6
    assert outcome.counts["decisions refused with 409"] == 54
    assert outcome.counts["refunds paid twice"] == 0
    assert outcome.counts["workers killed with -9 amid payments"] == 1
