"""What ECOA makes of ecoa's spans: a run that paused for days is one trace, its wait a wait."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from ecoa import clock, trace
from ecoa.review import NeedsReview
from ecoa.trace import export, ids
from tests.ecoa_trace.conftest import Collector
from tests.store.conftest import dsn, house
from tests.store.house import House
from tests.store.spans import EPOCH_NS
from traces.ids import span_int
from traces.span import Kind, Status, TraceStatus

__all__ = ["dsn", "house"]  # fixtures

START = datetime.fromtimestamp(EPOCH_NS // 10**9, UTC)
DAYS = timedelta(days=3)
DAYS_NS = 3 * 86_400 * 10**9
SECOND_NS = 10**9
TRACE = "b" * 32


class At:
    """A clock that goes on by a second with every look."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def time(self) -> float:
        return self.moment.timestamp()

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    before = clock.use(At(moment))
    try:
        yield
    finally:
        clock.use(before)


def id_of(moment: datetime) -> str:
    """A UUIDv7 of a moment."""
    return str(uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62 | 0xABC))


RUN, REVIEW = id_of(START), id_of(START + timedelta(seconds=20))
PLACE = {"run_id": RUN, "trace_id": TRACE, "pipeline": "tickets"}


def begin() -> None:
    """A first process: the run starts, a node asks for a review."""
    with clock_at(START):
        trace.run_started(RUN, "tickets", trace_id=TRACE)
        with (
            pytest.raises(NeedsReview),
            trace.span("node", "check", path="check", attempt=1, **PLACE),
            trace.span("agent", "checker"),
            trace.span("attempt", "checker", attempt=1),
        ):
            raise NeedsReview("amount over limit")
        trace.review_asked(RUN, "check", review_id=REVIEW, trace_id=TRACE, reason="amount over limit")


def go_on() -> None:
    """A second process, three days later: the review is decided, the run ends."""
    with clock_at(START + DAYS):
        trace.review_decided(RUN, "check", review_id=REVIEW, trace_id=TRACE, decision="approve", by="ada")
        with trace.span("node", "refund", path="refund", attempt=1, resumed=True, **PLACE):
            told = {"gen_ai.usage.input_tokens": 130, "gen_ai.usage.cache_read.input_tokens": 64}
            with trace.span("agent", "refunder"), trace.span("model", "gpt-4o", **told):
                pass
        trace.run_ended(RUN, "tickets", trace_id=TRACE, status="success")


def store(house: House, collector: Collector, work: Callable[[], None], moment: datetime) -> None:
    """Do the work, and store what it sent as arriving at that moment."""
    collector.bodies.clear()
    collector.spans.clear()
    work()
    export.shut_down()  # waits until all has arrived
    for body in collector.bodies:
        house.receive_body(body, len(collector.spans), at_ms=int(moment.timestamp() * 1000) + 60_000)
    house.finish()


def test_a_run_that_waits_for_a_person_shows_as_waiting(house: House, collector: Collector) -> None:
    """Its pending spans say so: the run goes on, a person has to decide."""
    store(house, collector, begin, START)

    assert house.rows("SELECT status, pipeline, waiting_count > 0, open_count FROM traces_trace") == [
        (TraceStatus.WAITING, "tickets", True, 2)
    ]
    kinds = dict(house.rows("SELECT name, (kind, status)::text FROM traces_span"))
    assert kinds["invoke_workflow tickets"] == f"({Kind.PIPELINE:d},{Status.UNSET:d})"
    assert kinds["review check"] == f"({Kind.HUMAN:d},{Status.WAITING:d})"
    assert kinds["invoke_agent checker"] == f"({Kind.AGENT:d},{Status.WAITING:d})"


def test_a_resumed_run_is_one_trace_whose_gap_is_a_wait(house: House, collector: Collector) -> None:
    """Both processes' spans have the run's trace id; three days of it are the person's, a few seconds are work."""
    store(house, collector, begin, START)
    store(house, collector, go_on, START + DAYS)

    assert house.rows("SELECT status, waiting_count, open_count, error_count, tokens_in FROM traces_trace") == [
        (TraceStatus.OK, 0, 0, 0, 66)
    ]
    rows = house.rows("SELECT name, kind, agent, duration_ns, critical_ns, parent_id FROM traces_span")
    spans = {row[0]: row for row in rows}
    run_id = span_int(f"{ids.run_span(RUN):016x}")
    assert spans["review check"][1] == Kind.HUMAN
    assert abs(spans["review check"][3] - DAYS_NS) < 60 * SECOND_NS
    assert spans["review check"][4] == spans["review check"][3]
    assert spans["invoke_workflow tickets"][3] > DAYS_NS
    assert spans["invoke_workflow tickets"][4] < 60 * SECOND_NS
    assert {spans[name][5] for name in ("step check", "review check", "step refund")} == {run_id}
    assert spans["chat gpt-4o"][1:3] == (Kind.LLM, "refunder")
    assert spans["attempt checker"][2] == "checker"
