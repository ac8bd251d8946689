"""What pages ask besides the API: counts over time, facets, percentiles over time."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from ecoa_web.accounts.models import Project
from tests.api.test_figures import ASK_AGENT
from tests.builders import Sent, make_trace, send
from traces.filters import parse
from traces.queries.agents import agent_figures, agent_over_time, named
from traces.queries.traces import count_over_time, facets
from traces.queries.window import MINUTE_NS, Window, to_datetime, to_ns

HOUR = Window(start_ns=1_700_000_000 * 10**9, end_ns=1_700_003_600 * 10**9)


def test_bars_count_every_trace_of_the_window_once(project: Project) -> None:
    """By slice and status, empty slices included, both edges of the window in their place."""
    for start_ns, status in ((HOUR.start_ns, 1), (HOUR.start_ns + 1, 2), (HOUR.end_ns - 1, 3), (HOUR.end_ns, 1)):
        make_trace(project.pk, start_ns=start_ns, status=status)

    bars = count_over_time(project.pk, window=HOUR, bars=7)

    assert len(bars) == 7
    assert bars[0].start == to_datetime(HOUR.start_ns)
    assert [(bar.ok, bar.error, bar.waiting) for bar in (bars[0], bars[-1])] == [(1, 1, 0), (0, 0, 1)]
    assert sum(bar.ok + bar.error + bar.running + bar.waiting for bar in bars) == 3


def test_facets_count_the_values_of_matching_traces(project: Project) -> None:
    """Most frequent first, each value of a list once a trace, under the same filter as the list."""
    for agents in (["triage", "refund"], ["triage"], ["policy"]):
        make_trace(project.pk, start_ns=HOUR.start_ns, agents=agents, services=["shop"], name=agents[0])

    every = facets(project.pk, window=HOUR)
    some = facets(project.pk, window=HOUR, filter=parse("agent:triage"))

    assert every.agent == [("triage", 2), ("policy", 1), ("refund", 1)]
    assert every.service == [("shop", 3)]
    assert every.status == [("ok", 3)]
    assert every.name == [("triage", 2), ("policy", 1)]
    assert some.agent == [("triage", 2), ("refund", 1)]


def test_an_agent_over_time_adds_up_to_its_figures(project: Project) -> None:
    """Calls of all slices are the calls of the window; slices without calls are left out."""
    for ago_s in (60, 600, 600):
        send(project.pk, [Sent(name="x", id=1, duration_ms=50, attributes=ASK_AGENT)], ago_s=ago_s)
    now = to_ns(datetime.now(UTC))
    window = Window(start_ns=now - 30 * MINUTE_NS, end_ns=now)

    points = agent_over_time(project.pk, agent="triage", window=window, points=30)

    [figures] = agent_figures(project.pk, window=window)
    assert [point.calls for point in points] == [2, 1]
    assert figures.calls == 3
    assert all(point.p95_ms == pytest.approx(50, rel=0.01) for point in points)


def test_an_agents_name_may_hold_any_sign(project: Project) -> None:
    """A `*` in a name is no wildcard when the agent is meant exactly."""
    for agent in ("a*b", "axb"):
        send(project.pk, [Sent(name="x", id=1, attributes=ASK_AGENT | {"gen_ai.agent.name": agent})])
    now = time.time_ns()
    window = Window(start_ns=now - 10 * MINUTE_NS, end_ns=now)

    assert [row.agent for row in agent_figures(project.pk, window=window, filter=named("a*b"))] == ["a*b"]
