"""Stored calls are priced again in place, each exactly once, with every sum they are in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.house import PROJECT, House
from tests.store.spans import EPOCH_NS, MS, agent, chat
from traces.prices import reprice
from traces.prices.reprice import Repricing, ask
from traces.span import Flag

MILLION = 1_000_000


@pytest.fixture
def filled(house: House) -> House:
    """Six traces: a call of a model without price, and one of gpt-4o, under an agent."""
    for number in range(1, 7):
        house.receive(
            agent(1, "planner", trace=number),
            chat(2, parent=1, trace=number, model="m-1", tokens=(MILLION, 0), start=number * 60_000),
            chat(3, parent=1, trace=number, model="gpt-4o", tokens=(MILLION, 0)),
        )
    house.finish()
    return house


def set_price(house: House, model: str, dollars: float, *, begins: str | None = None, project: int = PROJECT) -> None:
    house.conn.execute("DELETE FROM traces_price WHERE model = %s", [model])
    house.conn.execute(
        "INSERT INTO traces_price (project_id, model, input, output, valid_from, changed_by)"
        " VALUES (%s, %s, %s, 0, %s, 'a test')",
        [project, model, dollars, begins],
    )


def run(house: House, **span_of_time: int) -> int:
    """Ask, and take step after step until the job is done; how many steps."""
    ask(house.conn, PROJECT, reason="a test", by="a test", **span_of_time)
    repricing, steps = Repricing(house.conn), 0
    while repricing.step() is not None:
        steps += 1
    return steps


def figures(house: House) -> dict[str, Any]:
    """Every place where a cost is kept."""
    return {
        "spans": house.rows("SELECT trace_id::text, span_id, cost, flags FROM traces_span ORDER BY 1, 2"),
        "traces": house.rows("SELECT trace_id::text, cost, unpriced_calls FROM traces_trace ORDER BY 1"),
        "rollups": house.rows(
            "SELECT k.model, k.agent, r.bucket, sum(r.cost), sum(r.unpriced), sum(r.model_calls), sum(r.tokens_in),"
            " sum(r.calls) FROM (SELECT * FROM traces_rollup UNION ALL SELECT * FROM traces_rollup_delta) r"
            " JOIN traces_rollup_key k ON k.id = r.key_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ),
    }


def replayed(house: House) -> dict[str, Any]:
    """The same after everything is derived anew from what was received."""
    house.conn.execute("TRUNCATE traces_span, traces_trace, traces_settle, traces_rollup, traces_rollup_delta")
    house.conn.execute(
        "INSERT INTO traces_inbox_queue SELECT id, day, project_id, spans, 0, now() FROM traces_inbox_batch"
    )
    house.finish()
    return figures(house)


def test_a_new_price_reaches_every_sum(filled: House) -> None:
    """Spans, traces and rollups come out as if the price had always been there."""
    before = figures(filled)
    set_price(filled, "m-*", 3)

    run(filled)

    after = figures(filled)
    assert before["traces"][0][1:] == (2.5, 1)
    assert after["traces"][0][1:] == (5.5, 0)
    assert not any(flags & Flag.UNPRICED for *_, flags in after["spans"])
    assert after == replayed(filled)


def test_a_price_that_goes_leaves_nothing_of_itself(filled: House) -> None:
    """Taken back exactly: what was unpriced is unpriced again, without a rest in any sum."""
    before = figures(filled)
    set_price(filled, "m-1", 0.1)
    set_price(filled, "gpt-4o", 0.7)
    run(filled)

    filled.conn.execute("DELETE FROM traces_price")
    run(filled)

    assert figures(filled) == before


def test_only_traces_whose_calls_may_have_another_price_are_looked_at(filled: House) -> None:
    """A job for a span of time leaves the rest alone, and says how much there was to do."""
    set_price(filled, "m-1", 3)

    run(filled, since_ns=EPOCH_NS + 5 * 60_000 * MS)

    assert [cost for _, cost, _ in figures(filled)["traces"]] == [2.5, 2.5, 2.5, 2.5, 5.5, 5.5]
    assert filled.one("SELECT traces, done, changed, finished_at IS NOT NULL FROM traces_reprice") == (2, 2, 2, True)


def test_another_project_is_left_alone(filled: House) -> None:
    """A price is its project's."""
    set_price(filled, "m-1", 3, project=PROJECT + 1)

    run(filled)

    assert [unpriced for _, _, unpriced in figures(filled)["traces"]] == [1] * 6


def test_open_pages_pull_what_changed(filled: House) -> None:
    """A trace whose cost changed has a new seq, and so have its changed spans; others keep theirs."""
    before = filled.one("SELECT max(seq) FROM traces_trace")
    set_price(filled, "m-1", 3)

    run(filled)

    assert filled.one("SELECT min(seq) FROM traces_trace") == before + 1
    assert dict(filled.rows("SELECT span_id, max(seq) FROM traces_span GROUP BY 1"))[2] == before + 1
    assert dict(filled.rows("SELECT span_id, max(seq) FROM traces_span GROUP BY 1"))[3] <= before


def test_a_job_goes_on_where_its_last_chunk_ended(filled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunk by chunk, by whoever takes the next one; progress is what is committed."""
    monkeypatch.setattr(reprice, "MOST_TRACES", 2)
    set_price(filled, "m-1", 3)
    ask(filled.conn, PROJECT, reason="a test", by="a test")

    progress = []
    while Repricing(filled.conn).step() is not None:
        progress.append(filled.one("SELECT done FROM traces_reprice"))

    assert progress == [0, 2, 4, 6, 6]
    assert figures(filled) == replayed(filled)


def test_a_killed_worker_applies_a_chunk_wholly_or_not_at_all(filled: House) -> None:
    """kill -9 in the middle of a chunk counts nothing, and the next worker counts it once."""
    set_price(filled, "m-1", 3)
    ask(filled.conn, PROJECT, reason="a test", by="a test")
    Repricing(filled.conn).step()
    before = figures(filled)
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.prices.stuck_repricer", filled.dsn],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert worker.stdout is not None and worker.stdout.readline() == "written\n"

    worker.kill()
    worker.wait()
    worker.stdout.close()
    left = figures(filled)
    while filled.one("SELECT count(*) FROM traces_reprice WHERE finished_at IS NULL"):
        Repricing(filled.conn).step()  # None while the server has not noticed the death of its client

    assert left == before
    assert figures(filled) == replayed(filled)


def test_asking_while_a_job_runs_begins_it_anew(filled: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two changes of price are one job over the times of both, from the first trace on."""
    monkeypatch.setattr(reprice, "MOST_TRACES", 2)
    ask(filled.conn, PROJECT, reason="one", by="a test", since_ns=5, until_ns=10)
    repricing = Repricing(filled.conn)
    repricing.step()

    ask(filled.conn, PROJECT, reason="two", by="a test", since_ns=3)

    assert filled.one("SELECT since_ns, until_ns, reason, started_at, cursor FROM traces_reprice") == (
        3,
        None,
        "two",
        None,
        None,
    )


def test_spans_that_arrive_afterwards_have_the_new_price(filled: House) -> None:
    """From the start of a job on, no worker uses the prices of before."""
    set_price(filled, "m-1", 3)
    run(filled)

    filled.receive(chat(4, parent=1, trace=1, model="m-1", tokens=(MILLION, 0)))
    filled.finish()

    assert figures(filled)["traces"][0][1:] == (8.5, 0)
    assert figures(filled) == replayed(filled)
