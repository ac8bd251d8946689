"""Reading batches: every legal value arrives, every bad one is repaired, none costs its batch-mates."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue

from tests.normalise.otlp import (
    ALL_KINDS,
    PARENT_ID,
    START_NS,
    TRACE_ID,
    json_values,
    key_values,
    raw,
    request,
    sent,
    texts,
)
from traces import decode, values, wire
from traces.ids import span_hex, span_int
from traces.wire import Limits, Malformed, Rejection, TooMany

AS_READ = {**ALL_KINDS, "bytes": {"bytesValue": "AP8="}}


def test_every_kind_of_value_is_read_wherever_it_stands() -> None:
    """On spans, events, links, scopes and resources."""
    message = request([sent(ALL_KINDS, events=[("event", ALL_KINDS)])], resource=ALL_KINDS)
    scope_spans = message.resource_spans[0].scope_spans[0]
    scope_spans.scope.attributes.extend(key_values(ALL_KINDS))
    scope_spans.spans[0].links.add(trace_id=b"x", span_id=b"y", attributes=key_values(ALL_KINDS))

    [span] = decode.spans(message.SerializeToString())

    for found in (span.attributes, span.events[0].attributes, span.links[0].attributes):
        assert found == AS_READ
    assert span.scope.attributes == AS_READ
    assert span.resource.attributes == AS_READ


def test_all_that_a_span_says_of_itself_is_kept() -> None:
    """Ids, state, flags, counts of what was dropped, schema addresses, unknown kinds and status codes."""
    message = request([sent(trace_state="a=1", flags=0xFFFF_FFFF, kind=99, dropped_attributes_count=3)], scope="s")
    message.resource_spans[0].schema_url = "https://r"
    message.resource_spans[0].scope_spans[0].schema_url = "https://s"
    span_message = message.resource_spans[0].scope_spans[0].spans[0]
    span_message.status.code = 99  # type: ignore[assignment]
    link = span_message.links.add(trace_id=TRACE_ID, span_id=PARENT_ID, trace_state="b=2", flags=0x301)
    link.dropped_attributes_count = 1

    [span] = decode.spans(message.SerializeToString())

    assert (span.trace_id, span_hex(span.span_id)) == (TRACE_ID.hex(), "0102030405060708")
    assert span.parent_id == span_int(PARENT_ID.hex())
    assert (span.trace_state, span.flags, span.kind, span.status_code) == ("a=1", 0xFFFF_FFFF, 99, 99)
    assert (span.dropped_attributes, span.dropped_events, span.dropped_links) == (3, 0, 0)
    assert (span.resource_schema_url, span.scope_schema_url) == ("https://r", "https://s")
    assert (span.scope.name, span.scope.version) == ("s", "1")
    assert (span.links[0].trace_id, span.links[0].trace_state, span.links[0].flags) == (TRACE_ID.hex(), "b=2", 0x301)


def test_of_a_repeated_key_the_last_value_counts() -> None:
    """Duplicate keys are illegal and still arrive; the answer is the same each time."""
    span_message = sent({"key": "first"})
    span_message.attributes.extend(key_values({"key": "last"}))

    [span] = decode.spans(request([span_message]).SerializeToString())

    assert span.attributes == {"key": "last"}


def test_what_json_and_postgres_cannot_hold_is_replaced() -> None:
    """NUL in names, keys and values; floats that are no numbers."""
    span = raw({"k\0": "v\0", "nan": math.nan, "up": math.inf, "down": -math.inf}, name="a\0b", scope="s\0")

    assert span.name == "a\ufffdb"
    assert span.scope.name == "s\ufffd"
    assert span.attributes == {"k\ufffd": "v\ufffd", "nan": "NaN", "up": "Infinity", "down": "-Infinity"}


def test_bad_utf8_is_replaced_and_costs_nothing_else() -> None:
    """The official classes refuse the whole batch for it."""
    body = request([sent({"key": "badtext"}, name="badname"), sent({"key": "good"})]).SerializeToString()
    body = body.replace(b"badtext", b"bad\xfftxt").replace(b"badname", b"bad\xc3\x28me")

    first, second = decode.spans(wire.scan(body).body)

    assert first.name == "bad\ufffd(me"
    assert first.attributes == {"key": "bad\ufffdtxt"}
    assert second.attributes == {"key": "good"}


@pytest.mark.parametrize("depth", [1, 31, 32, 33, 49, 1_000, 20_000])
def test_deep_values_end_in_a_marker(depth: int) -> None:
    """The value is cut at 32 levels, whatever came below; the span and its other attributes stay."""
    value = AnyValue(string_value="bottom").SerializeToString()
    for _ in range(depth):
        member = b"\x0a" + _length(value) + value
        value = b"\x2a" + _length(member) + member
    attribute = b"\x0a\x04deep\x12" + _length(value) + value

    key, found = values.key_value(attribute)

    levels = 0
    while isinstance(found, list):
        [found] = found
        levels += 1
    assert key == "deep"
    assert (levels, found) == ((depth, "bottom") if depth <= 32 else (32, values.TOO_DEEP))


def test_wide_values_are_cut() -> None:
    """Two bytes of body must not become a Python object each without end."""
    wide = AnyValue(array_value=ArrayValue(values=[AnyValue()] * 50_000))

    _, found = values.key_value(b"\x0a\x01k\x12" + _length(wide.SerializeToString()) + wide.SerializeToString())

    assert isinstance(found, list)
    assert len(found) == values.MAX_MEMBERS


@pytest.mark.parametrize(
    ("parent", "found", "invalid"),
    [(b"", None, False), (bytes(8), None, False), (b"short", None, True), (b"\xff" * 8, -1, False)],
)
def test_a_parent_id_that_is_none_makes_a_root(parent: bytes, found: int | None, invalid: bool) -> None:
    """Of a wrong length it is told apart, for the warning."""
    span = raw(parent=parent)

    assert (span.parent_id, span.parent_invalid) == (found, invalid)


def test_ordinals_count_spans_in_document_order() -> None:
    """Over all resources and scopes; span_at finds each again."""
    message = ExportTraceServiceRequest()
    for name in ("a", "b", "c"):
        message.MergeFrom(request([sent(name=name), sent(name=name * 2)], scope=name))
    body = message.SerializeToString()

    assert [(span.ordinal, span.name) for span in decode.spans(body)] == list(
        enumerate(["a", "aa", "b", "bb", "c", "cc"])
    )
    third = decode.span_at(body, 3)
    assert third is not None
    assert third.name == "bb"
    assert decode.span_at(body, 6) is None


def test_invalid_ids_cost_their_span_alone() -> None:
    """The body is made again without them; counts are exact by reason."""
    spans = [
        sent(name="good"),
        sent(trace_id=b""),
        sent(trace_id=bytes(16)),
        sent(trace_id=b"1" * 24),
        sent(span_id=b"1234"),
        sent(span_id=bytes(8)),
        sent(name="good too"),
    ]

    checked = wire.scan(request(spans).SerializeToString())

    assert checked.spans == 2
    assert checked.rejected == (Rejection("invalid_trace_id", 3), Rejection("invalid_span_id", 2))
    assert [span.name for span in decode.spans(checked.body)] == ["good", "good too"]


def test_a_body_without_invalid_spans_stays_as_it_came() -> None:
    """Unknown fields included."""
    body = request([sent(ALL_KINDS)]).SerializeToString() + b"\xf2\x3f\x03new"

    assert wire.scan(body) == wire.Checked(body, 1)


@pytest.mark.parametrize("small", [True, False], ids=["parsed whole", "parsed span by span"])
def test_too_many_spans_are_refused_before_they_are_built(small: bool) -> None:
    """The limit is named."""
    padding = {} if small else {"text": "x" * 600_000}
    spans = [sent(padding), *(sent() for _ in range(20))]

    with pytest.raises(TooMany, match="more than 20 spans"):
        wire.scan(request(spans).SerializeToString(), Limits(spans=20))


@pytest.mark.parametrize("padding", [0, 600_000])
def test_a_span_with_too_many_elements_is_left_out(padding: int) -> None:
    """Its batch-mates are not."""
    hostile = sent({f"key{n}": n for n in range(40)})
    spans = [sent({"text": "x" * padding}, name="good"), hostile]

    checked = wire.scan(request(spans).SerializeToString(), Limits(elements=30))

    assert checked.rejected == (Rejection("too_many_elements", 1),)
    assert [span.name for span in decode.spans(checked.body)] == ["good"]


def test_too_many_envelopes_are_refused() -> None:
    """Two bytes each, they would cost a hundred once built."""
    with pytest.raises(TooMany, match="resources and scopes"):
        wire.scan(b"\x0a\x00" * 400_000)


@pytest.mark.parametrize("body", [b"\xff", b"no protobuf at all", b"\x0a\x05ab", b"{}"])
def test_what_is_no_request_is_malformed(body: bytes) -> None:
    """For the receiver and for the worker alike."""
    with pytest.raises(Malformed):
        wire.scan(body)
    with pytest.raises(Malformed):
        list(decode.spans(body))


@pytest.mark.slow  # draws nested values
@given(st.dictionaries(texts, json_values, max_size=8))
def test_reading_undoes_writing(attributes: dict[str, object]) -> None:
    """Any attributes come back as they were."""
    assert raw(attributes).attributes == attributes


@given(st.data())
def test_no_mutation_of_a_batch_raises_anything_but_malformed(data: st.DataObject) -> None:
    """Neither the receiver's check nor reading everything in the spans."""
    body = bytearray(
        request([sent(ALL_KINDS, events=[("e", ALL_KINDS)], status=(2, "bad"))], resource=ALL_KINDS).SerializeToString()
    )
    for _ in range(data.draw(st.integers(1, 6))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    mutated = bytes(body[: data.draw(st.integers(0, len(body)))])

    try:
        for span in decode.spans(wire.scan(mutated).body):
            assert isinstance(span.attributes | span.resource.attributes | span.scope.attributes, dict)
            assert isinstance(span.events + span.links, tuple)
    except (Malformed, TooMany):
        pass


@given(st.binary(max_size=60))
def test_any_bytes_make_an_attribute(junk: bytes) -> None:
    """Unreadable ones too."""
    key, _ = values.key_value(junk)

    assert isinstance(key, str)
    assert isinstance(values.value_at(junk, 0), str | bool | int | float | list | dict | None)


def test_times_keep_their_nanoseconds() -> None:
    """All 64 bits of them."""
    span = raw(start=START_NS + 1, end=(1 << 64) - 1)

    assert (span.start_ns, span.end_ns) == (START_NS + 1, (1 << 64) - 1)


def _length(content: bytes) -> bytes:
    out, size = bytearray(), len(content)
    while size >= 0x80:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes((*out, size))
