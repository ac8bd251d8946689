"""Agents and usage are decided once, within bounds, and corrected exactly."""

from __future__ import annotations

from dataclasses import replace

from tests.store.house import ARRIVAL_MS, PROJECT, House
from tests.store.spans import Attribute, Sent, agent, chat, tool
from traces.settle import AGENT_INHERITED, UNSETTLED, USAGE_COUNTED
from traces.span import Kind
from traces.store.settling import settle_due
from traces.store.write import settle_delay_ms

KIND, AGENT, CALLS, MODEL_CALLS, TOKENS_IN = 1, 4, 8, 11, 13


def calls_by_agent(house: House, kind: Kind) -> dict[str, tuple[int, int]]:
    """Calls and input tokens of a kind, by agent."""
    return {
        columns[AGENT]: (columns[CALLS], columns[TOKENS_IN]) for columns in house.rollups() if columns[KIND] == kind
    }


def test_a_call_waits_for_the_agent_above_it(house: House) -> None:
    """While its parent is missing a call is in no rollup; its tokens show in the trace."""
    house.receive(chat(2, parent=1, tokens=(10, 5)))

    house.store()
    house.settle(later_ms=0)

    assert house.flags() == {2: UNSETTLED | USAGE_COUNTED | 32}
    assert house.rollups() == []
    assert house.one("SELECT tokens_in, status FROM traces_trace") == (10, 0)
    assert house.one("SELECT count(*) FROM traces_settle") == 1


def test_the_agent_that_arrives_later_gets_the_call(house: House) -> None:
    """Parents end after their children; the call is attributed once, to its agent."""
    house.receive(chat(2, parent=1, tokens=(10, 5)))
    house.store()

    house.receive(agent(1, "planner"))
    house.store()
    house.settle(later_ms=0)

    assert house.agents() == {1: "planner", 2: "planner"}
    assert house.flags()[2] & AGENT_INHERITED
    assert calls_by_agent(house, Kind.LLM) == {"planner": (1, 10)}
    assert house.one("SELECT count(*) FROM traces_settle") == 0


def test_nothing_waits_longer_than_half_a_minute(house: House) -> None:
    """A call whose ancestors do not come counts without an agent."""
    house.receive(chat(2, parent=1, tokens=(10, 5)))

    house.finish()

    assert house.agents() == {2: None}
    assert calls_by_agent(house, Kind.LLM) == {"": (1, 10)}
    assert house.one("SELECT count(*) FROM traces_settle") == 0


def test_an_agent_that_comes_after_the_wait_corrects_the_sums(house: House) -> None:
    """What was counted without agent moves to it by signed deltas: sums stay exact."""
    house.receive(chat(2, parent=1, tokens=(10, 5)), tool(3, parent=1))
    house.finish()

    house.receive(agent(1, "planner"))
    house.finish()

    assert calls_by_agent(house, Kind.LLM) == {"planner": (1, 10)}
    assert calls_by_agent(house, Kind.TOOL) == {"planner": (1, 0)}
    assert calls_by_agent(house, Kind.AGENT) == {"planner": (1, 0)}


def test_a_nearer_agent_that_comes_later_takes_over(house: House) -> None:
    """The nearest agent wins, whenever it arrives."""
    house.receive(agent(1, "outer"), chat(3, parent=2))
    house.finish()

    house.receive(agent(2, "inner", parent=1))
    house.finish()

    assert house.agents()[3] == "inner"
    assert calls_by_agent(house, Kind.LLM) == {"inner": (1, 10)}


def test_usage_that_turns_out_to_repeat_a_call_is_taken_back(house: House) -> None:
    """A model call with another one below it adds nothing, also when that one comes later."""
    house.receive(agent(1, "planner"), chat(2, parent=1, tokens=(10, 5)))
    house.finish()
    before = house.one("SELECT tokens_in FROM traces_trace")

    house.receive(chat(3, parent=2, tokens=(10, 5)))
    house.finish()

    assert before == house.one("SELECT tokens_in FROM traces_trace") == 10
    assert calls_by_agent(house, Kind.LLM) == {"planner": (1, 10)}


def test_one_response_seen_twice_counts_once(house: House) -> None:
    """Two spans with one response id are one call, whichever arrives first."""
    house.receive(agent(1, "planner"), chat(2, parent=1, response="r", start=5))
    house.finish()

    house.receive(chat(3, parent=1, response="r", start=1))
    house.finish()

    assert {span for span, flags in house.flags().items() if flags & USAGE_COUNTED} == {3}
    assert sum(columns[MODEL_CALLS] for columns in house.rollups()) == 1


def test_usage_of_an_agent_is_no_call(house: House) -> None:
    """Agents report the sum of their calls; it is stored and not summed."""
    usage: dict[str, Attribute] = {"gen_ai.usage.input_tokens": 10}
    total = replace(agent(1, "planner"), attributes={**agent(1, "planner").attributes, **usage})
    house.receive(total, chat(2, parent=1, tokens=(10, 5)))

    house.finish()

    assert house.one("SELECT tokens_in FROM traces_trace") == 10
    assert house.one("SELECT sum(tokens_in) FROM traces_span") == 20


def test_a_large_trace_is_read_again_seldom(house: House) -> None:
    """A trace of 50,000 spans waits ten seconds between readings; more arrivals do not put the next one off."""
    house.receive(chat(2, parent=1))
    house.store()
    due = house.one("SELECT due_at FROM traces_settle")

    house.receive(chat(3, parent=1))
    house.store()

    assert house.one("SELECT due_at FROM traces_settle") <= due
    assert settle_delay_ms(20) < 500
    assert settle_delay_ms(50_000) > 10_000


def test_settling_leaves_alone_what_is_right(house: House) -> None:
    """A trace whose decisions stand is not written again: its seq stays, and no page is told."""
    house.receive(agent(1, "planner"))
    house.store()
    house.receive(chat(2, parent=1))
    house.finish()
    house.conn.execute("INSERT INTO traces_settle SELECT trace_id, project_id, now() FROM traces_trace")
    before = house.rows("SELECT seq FROM traces_trace"), house.rows("SELECT span_id, seq FROM traces_span ORDER BY 1")

    settled, changed = settle_due(house.conn, house.keys, now_ms=ARRIVAL_MS + 60_000)

    assert (settled, changed) == (1, set())
    assert (
        house.rows("SELECT seq FROM traces_trace"),
        house.rows("SELECT span_id, seq FROM traces_span ORDER BY 1"),
    ) == before


def test_the_critical_path_of_a_complete_trace_is_in_the_rollups(house: House) -> None:
    """The parts of the critical path add up to the duration of the root, also when the trace came in pieces."""
    house.receive(chat(3, parent=2, start=10, end=90), tool(4, parent=2, start=20, end=30))
    house.store()
    house.receive(Sent(id=1, start=0, end=100), agent(2, "planner", parent=1, start=5, end=95))

    house.finish()

    assert dict(house.rows("SELECT span_id, critical_ns FROM traces_span")) == {
        1: 10_000_000, 2: 10_000_000, 3: 80_000_000, 4: None,
    }  # fmt: skip
    assert sum(columns[16] for columns in house.rollups()) == 100_000_000


def test_a_trace_that_cannot_be_decided_costs_the_others_nothing(house: House) -> None:
    """It is put off by itself, also when a transaction would have decided it together with others."""
    for trace in (1, 2, 3):
        house.receive(agent(1, "planner", trace=trace))
        house.store()
        house.receive(chat(2, parent=1, trace=trace))
        house.store()
    house.conn.execute("UPDATE traces_settle SET due_at = now() - interval '1 second'")
    house.conn.execute("UPDATE traces_span SET kind = 99 WHERE trace_id = %s::uuid", [f"{2:032x}"])

    settled, projects = settle_due(house.conn, house.keys, now_ms=ARRIVAL_MS + 60_000)

    assert (settled, projects) == (2, {PROJECT})
    left = house.rows("SELECT trace_id::text, due_at > now() FROM traces_settle")
    assert [(trace.replace("-", ""), later) for trace, later in left] == [(f"{2:032x}", True)]
    assert calls_by_agent(house, Kind.LLM) == {"planner": (2, 20)}
