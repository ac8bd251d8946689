"""What is stored of a request, what is refused of it, and how both are counted."""

from __future__ import annotations

import pytest

from tests.receiver.client import JSON, Client, json_request, json_span, protobuf, request_of
from tests.receiver.inbox import Inbox
from traces.span import Outcome

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own


@pytest.mark.parametrize("bad", [b"", bytes(16), b"short", bytes(range(1, 25))])
def test_spans_with_invalid_trace_ids_are_left_out_and_counted(client: Client, inbox: Inbox, bad: bytes) -> None:
    """Their batch-mates are stored, rejected_spans is exact, and the ledger has the reason."""
    request = request_of("good", "bad", "good too")
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = bad

    answer = client.send(request.SerializeToString())

    assert (answer.status, answer.rejected) == (200, 1)
    assert inbox.names() == ["good", "good too"]
    assert inbox.ledger() == {(Outcome.RECEIVED, ""): 3, (Outcome.REJECTED, "invalid_trace_id"): 1}


@pytest.mark.parametrize("bad", [b"", bytes(8), b"short", bytes(range(1, 17))])
def test_spans_with_invalid_span_ids_are_left_out_and_counted(client: Client, inbox: Inbox, bad: bytes) -> None:
    """As with trace ids; a request of nothing else is still a success."""
    request = request_of("bad")
    request.resource_spans[0].scope_spans[0].spans[0].span_id = bad

    answer = client.send(request.SerializeToString())

    assert (answer.status, answer.rejected) == (200, 1)
    assert inbox.requests() == []
    assert inbox.ledger() == {(Outcome.RECEIVED, ""): 1, (Outcome.REJECTED, "invalid_span_id"): 1}


@pytest.mark.parametrize("bad", ["8fHx8fHx8fHx8fHx8fHx8Q==", "abc", "zz" * 16, "0" * 32, "ab" * 15, "ab" * 17])
def test_json_ids_are_hex_of_the_right_length(client: Client, inbox: Inbox, bad: str) -> None:
    """Base64, odd digits, zeros and other lengths are refused, each for its span alone."""
    answer = client.send(json_request(json_span("bad", traceId=bad), json_span("good")), JSON)

    assert (answer.status, answer.rejected) == (200, 1)
    assert inbox.names() == ["good"]


def test_json_is_stored_as_protobuf_to_the_nanosecond(client: Client, inbox: Inbox) -> None:
    """Hex ids of any case become bytes; times come as strings or numbers; a parent of null is none."""
    span = json_span("chat", traceId="5B8EFFF798038103D269B633813FC60C", parentSpanId=None)
    span["startTimeUnixNano"] = 1_760_000_000_000_000_001

    client.send(json_request(span), JSON)

    (stored,) = inbox.spans()
    assert stored.trace_id == bytes.fromhex("5b8efff798038103d269b633813fc60c")
    assert (stored.start_time_unix_nano, stored.end_time_unix_nano) == (
        1_760_000_000_000_000_001,
        1_760_000_001_000_000_003,
    )
    assert stored.parent_span_id == b""


def test_a_valid_protobuf_body_is_stored_as_it_came(client: Client, inbox: Inbox) -> None:
    """Unknown fields, flags, unknown enumeration values and parents of any length included."""
    request = request_of("chat")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.flags = 0xFFFF_FF01
    span.ClearField("kind")
    span.MergeFromString(b"\x30\x63")  # kind 99
    span.parent_span_id = b"odd"
    span.trace_state = "vendor=value"
    request.resource_spans[0].schema_url = "https://opentelemetry.io/schemas/1.26.0"

    client.send(request.SerializeToString() + b"\x78\x01")

    (stored,) = inbox.requests()
    assert stored.SerializeToString() == request.SerializeToString() + b"\x78\x01"


def test_bytes_that_are_not_utf8_lose_no_span(client: Client, inbox: Inbox) -> None:
    """The span with the bad name is kept beside its mates; reading repairs it."""
    request = request_of("XXXX", "good").SerializeToString().replace(b"XXXX", b"\xff\xfeXX")

    answer = client.send(request)

    assert (answer.status, answer.rejected) == (200, 0)
    assert inbox.queued() == 2


def test_a_resent_body_is_answered_and_not_stored_again(client: Client, inbox: Inbox) -> None:
    """After a lost answer the client sends again: 200, one copy, counted as received and as duplicate."""
    body = protobuf("chat", "tool")

    first, second = client.send(body), client.send(body)

    assert (first.status, second.status) == (200, 200)
    assert inbox.names() == ["chat", "tool"]
    assert inbox.ledger() == {(Outcome.RECEIVED, ""): 4, (Outcome.DUPLICATE, "body"): 2}


def test_a_resent_body_tells_its_rejections_again(client: Client, inbox: Inbox) -> None:
    """The sender may not have seen them."""
    body = json_request(json_span("bad", spanId=""), json_span("good"))

    answers = [client.send(body, JSON) for _ in range(2)]

    assert [answer.rejected for answer in answers] == [1, 1]
    assert inbox.names() == ["good"]


def test_many_rejections_have_a_short_answer(client: Client) -> None:
    """Its length does not grow with the count."""
    answer = client.send(b"\x0a\x84\xb5\x18\x12\x80\xb5\x18" + b"\x12\x00" * 200_000)

    assert answer.status in (200, 413)
    assert len(answer.body) < 1_000
