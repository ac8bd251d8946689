"""Tokens, errors, times and first tokens of a span."""

from __future__ import annotations

from typing import Any

import pytest

from tests.normalise.otlp import SECOND_NS, START_NS, normalised, raw
from traces.normalise import DAY_NS, normalise
from traces.span import Status, Usage

INPUT, OUTPUT, TOTAL = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens"
READ, WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"


@pytest.mark.parametrize(
    ("attributes", "usage"),
    [
        ({INPUT: 100, OUTPUT: 20}, Usage(uncached=100, output_text=20)),
        ({INPUT: 100, READ: 30, WRITE: 10}, Usage(uncached=60, cache_read=30, cache_write=10)),
        ({INPUT: 100, "gen_ai.usage.cache_write.input_tokens": 10}, Usage(uncached=90, cache_write=10)),
        ({INPUT: 100, READ: 0}, Usage(uncached=100, cache_read=0)),
        ({OUTPUT: 20, REASONING: 15}, Usage(output_text=5, reasoning=15)),
        ({INPUT: 0, OUTPUT: 0}, Usage(uncached=0, output_text=0)),
        ({INPUT: 10, READ: 90}, Usage(uncached=10, cache_read=90)),
        ({INPUT: 100, OUTPUT: 5, READ: 50, TOTAL: 155}, Usage(uncached=100, cache_read=50, output_text=5)),
        ({INPUT: 100, OUTPUT: 5, READ: 50, TOTAL: 105}, Usage(uncached=50, cache_read=50, output_text=5)),
        ({"gen_ai.usage.prompt_tokens": 7, "gen_ai.usage.completion_tokens": 8}, Usage(uncached=7, output_text=8)),
        ({"gen_ai.usage.prompt_tokens": 7, INPUT: 9}, Usage(uncached=9)),
        ({INPUT: 7.0, OUTPUT: "8"}, Usage(uncached=7, output_text=8)),
        ({INPUT: -5, OUTPUT: 8}, Usage(output_text=8)),
        ({INPUT: (1 << 63) - 1, OUTPUT: 8}, Usage(output_text=8)),
        ({INPUT: "many", OUTPUT: 7.5}, None),
        ({INPUT: True}, None),
        ({TOTAL: 50}, None),
        ({}, None),
    ],
)
def test_tokens_fall_into_five_disjoint_buckets(attributes: dict[str, Any], usage: Usage | None) -> None:
    """Input includes cached tokens unless the sum or the sizes say otherwise. Unknown is None, never 0."""
    assert normalised(attributes).usage == usage


def test_reasoning_beyond_the_output_is_said() -> None:
    """Both are kept as they came."""
    span = normalised({OUTPUT: 5, REASONING: 15})

    assert span.usage == Usage(output_text=5, reasoning=15)
    assert span.warnings == ("reasoning_exceeds_output",)


EXCEPTION = {"exception.type": "shop.PaymentError", "exception.message": "card refused"}


@pytest.mark.parametrize(
    ("fields", "status", "fault"),
    [
        ({}, Status.UNSET, (None, None)),
        ({"status": (1, "")}, Status.OK, (None, None)),
        ({"status": (99, "what")}, Status.UNSET, (None, None)),
        ({"status": (2, "")}, Status.ERROR, (None, None)),
        ({"status": (2, "it broke")}, Status.ERROR, (None, "it broke")),
        ({"events": [("exception", EXCEPTION)]}, Status.ERROR, ("shop.PaymentError", "card refused")),
        (
            {"status": (2, "PaymentError: card refused"), "events": [("exception", EXCEPTION)]},
            Status.ERROR,
            ("shop.PaymentError", "PaymentError: card refused"),
        ),
        (
            {"status": (1, ""), "events": [("exception", EXCEPTION)]},
            Status.ERROR,
            ("shop.PaymentError", "card refused"),
        ),
        (
            {"events": [("gen_ai.client.operation.exception", EXCEPTION)]},
            Status.ERROR,
            ("shop.PaymentError", "card refused"),
        ),
        (
            {"events": [("exception", EXCEPTION), ("exception", {"exception.type": "Wrapped"})]},
            Status.ERROR,
            ("shop.PaymentError", "card refused"),
        ),
        ({"events": [("exception", {})]}, Status.UNSET, (None, None)),
        ({"events": [("note", EXCEPTION)]}, Status.UNSET, (None, None)),
    ],
)  # fmt: skip
def test_an_error_is_a_status_or_an_exception(
    fields: dict[str, Any], status: Status, fault: tuple[str | None, str | None]
) -> None:
    """Its type as the source gives it, its message from the status first."""
    span = normalised(**fields)

    assert (span.status, (span.error_type, span.error_message)) == (status, fault)


def test_a_declared_error_type_is_an_error() -> None:
    """The exception's own type is better known."""
    declared = normalised({"error.type": "429"})
    both = normalised({"error.type": "429"}, events=[("exception", EXCEPTION)])

    assert (declared.status, declared.error_type) == (Status.ERROR, "429")
    assert both.error_type == "shop.PaymentError"


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("langgraph.errors.GraphInterrupt", Status.WAITING),
        ("NodeInterrupt", Status.WAITING),
        ("pydantic_ai.exceptions.CallDeferred", Status.WAITING),
        ("pydantic_ai.exceptions.ApprovalRequired", Status.WAITING),
        ("langgraph.errors.ParentCommand", Status.OK),
        ("asyncio.exceptions.CancelledError", Status.CANCELLED),
        ("MyGraphInterrupt", Status.ERROR),
    ],
)
def test_control_flow_is_no_error(name: str, status: Status) -> None:
    """A run that waits for a person has not failed."""
    span = normalised(status=(2, "x"), events=[("exception", {"exception.type": name})])

    assert span.status is status
    assert (span.error_type is None) == (status is not Status.ERROR)


@pytest.mark.parametrize(
    ("fault", "message", "timed_out"),
    [
        ("TimeoutError", "", True),
        ("httpx.ReadTimeout", "", True),
        ("DEADLINE_EXCEEDED", "", True),
        ("504", "", True),
        ("PaymentError", "the gateway timed out", True),
        ("PaymentError", "gateway timeout after 3 tries", True),
        ("PaymentError", "card refused", False),
        ("5040", "", False),
    ],
)
def test_timeouts_are_told_apart(fault: str, message: str, timed_out: bool) -> None:
    """By the type or the message of the error."""
    assert normalised({"error.type": fault}, status=(2, message)).timed_out is timed_out


def test_no_timeout_without_an_error() -> None:
    """A span that talks of timeouts has had none."""
    assert normalised({"timeout": 30}, name="set timeout").timed_out is False


MAX_NS = (1 << 63) - 1
NOW = START_NS + 3_600 * SECOND_NS


@pytest.mark.parametrize(
    ("start", "end", "received", "found", "warnings"),
    [
        (START_NS, START_NS, NOW, (START_NS, START_NS), ()),
        (START_NS, START_NS - 1, NOW, (START_NS, START_NS), ("ends_before_start",)),
        (START_NS, 0, NOW, (START_NS, None), ("no_end",)),
        (0, START_NS, NOW, (START_NS, START_NS), ("no_start",)),
        (0, 0, NOW, (NOW, None), ("no_start", "no_end")),
        (0, 0, None, (0, None), ("no_start", "no_end")),
        ((1 << 64) - 5, (1 << 64) - 2, NOW, (NOW, NOW + 3), ("start_in_future",)),
        ((1 << 64) - 5, (1 << 64) - 2, None, (MAX_NS, MAX_NS), ("start_in_future", "end_in_future")),
        (START_NS, (1 << 64) - 1, NOW, (START_NS, NOW), ("end_in_future",)),
        (NOW + DAY_NS, NOW + DAY_NS, NOW, (NOW + DAY_NS, NOW + DAY_NS), ()),
        (1, 2, NOW, (1, 2), ()),
    ],
)
def test_times_that_cannot_be_true_are_corrected(
    start: int, end: int, received: int | None, found: tuple[int, int | None], warnings: tuple[str, ...]
) -> None:
    """With a warning, and as sent in the whole span. A clock may be a day ahead."""
    span = normalise(raw(start=start, end=end), received)

    assert (span.start_ns, span.end_ns) == found
    assert span.warnings == warnings
    assert span.pending is (found[1] is None)


@pytest.mark.parametrize(
    ("attributes", "ttft_ns"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.41}, 410_000_000),
        ({"gen_ai.client.operation.time_to_first_chunk": "0.5"}, 500_000_000),
        ({"gen_ai.server.time_to_first_token": 0.2}, 200_000_000),
        ({"gen_ai.server.time_to_first_token": 0.2, "gen_ai.response.time_to_first_chunk": 0.3}, 300_000_000),
        ({"gen_ai.response.time_to_first_chunk": -1}, None),
        ({"gen_ai.response.time_to_first_chunk": "soon"}, None),
        ({"gen_ai.response.time_to_first_chunk": 1e300}, None),
    ],
)
def test_time_to_first_token_is_read_in_its_unit(attributes: dict[str, Any], ttft_ns: int | None) -> None:
    """Seconds, in these names."""
    assert normalised(attributes).ttft_ns == ttft_ns


def test_a_first_token_after_the_end_is_not_believed() -> None:
    """Some other unit was meant."""
    span = normalised({"gen_ai.response.time_to_first_chunk": 1.5})

    assert (span.ttft_ns, span.warnings) == (None, ("ttft_exceeds_duration",))
    assert normalised({"gen_ai.response.time_to_first_chunk": 1.5}, end=0).ttft_ns == 1_500_000_000


def test_a_parent_id_that_is_none_is_said() -> None:
    """The span is taken as a root."""
    span = normalised(parent=b"short")

    assert (span.parent_id, span.warnings) == (None, ("invalid_parent_id",))
