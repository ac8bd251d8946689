"""OTLP's JSON: strict where the request would be lost, lax where clients differ."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.normalise.otlp import ALL_KINDS, json_values, request, sent
from traces import decode
from traces.otlp_json import logs_to_protobuf, to_protobuf
from traces.values import TOO_DEEP
from traces.wire import Limits, Malformed, Rejection, TooMany

TRACE_HEX, SPAN_HEX = "0102030405060708090a0b0c0d0e0f10", "0102030405060708"


def body_of(*spans: object, **around: object) -> bytes:
    """A JSON request of those spans; NaN and lone surrogates stay as Python writes them."""
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans), **around}]}]}).encode()


def span_of(**fields: object) -> dict[str, object]:
    return {"traceId": TRACE_HEX, "spanId": SPAN_HEX, "name": "step", **fields}


def read(**fields: object) -> decode.RawSpan:
    """The one span of a request, as decode sees it."""
    [span] = decode.spans(to_protobuf(body_of(span_of(**fields))).body)
    return span


def attribute(value: object) -> Any:
    """What becomes of one attribute value."""
    return read(attributes=[{"key": "k", "value": value}]).attributes["k"]


def test_a_request_means_what_the_official_parser_reads() -> None:
    """All fields, all kinds of values, to the byte."""
    message = request(
        [
            sent(ALL_KINDS, events=[("e", ALL_KINDS)], status=(2, "bad"), trace_state="a=1", flags=0xFFFF_FFFF, kind=3),
            sent(name="", parent=b"", start=(1 << 64) - 1, dropped_events_count=7),
        ],
        resource=ALL_KINDS,
    )
    message.resource_spans[0].schema_url = "https://example.org"
    message.resource_spans[0].scope_spans[0].spans[0].links.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, flags=257)

    found = to_protobuf(otlp_json(message))

    assert found.spans == 2
    assert ExportTraceServiceRequest.FromString(found.body) == message


@pytest.mark.slow  # draws nested values
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), json_values, max_size=6))
def test_any_attributes_mean_what_the_official_parser_reads(attributes: dict[str, object]) -> None:
    """The same bytes as from protobuf, once parsed."""
    message = request([sent(attributes)])

    assert ExportTraceServiceRequest.FromString(to_protobuf(otlp_json(message)).body) == message


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans":[]}', b'{"resourceSpans":null}', b'{"other":1}'])
def test_empty_requests_are_legal(body: bytes) -> None:
    """They hold no spans and fail nothing."""
    assert to_protobuf(body) == (b"", 0, ())


def test_ids_are_hex_in_any_case() -> None:
    """And never base64."""
    lower, upper = read(), read(traceId=TRACE_HEX.upper(), spanId=SPAN_HEX.upper(), parentSpanId="")

    assert (lower.trace_id, lower.span_id) == (upper.trace_id, upper.span_id)
    assert upper.parent_id is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"traceId": "AQIDBAUGBwgJCgsMDQ4PEA=="}, "invalid_trace_id"),
        ({"traceId": TRACE_HEX[:-1]}, "invalid_trace_id"),
        ({"traceId": TRACE_HEX + "00"}, "invalid_trace_id"),
        ({"traceId": "01 02 03 04 05 06 07 08 09 0a 0b "}, "invalid_trace_id"),
        ({"traceId": "0" * 32}, "invalid_trace_id"),
        ({"traceId": None}, "invalid_trace_id"),
        ({"traceId": 5}, "invalid_trace_id"),
        ({"spanId": "zz" * 8}, "invalid_span_id"),
        ({"spanId": ""}, "invalid_span_id"),
        ({"name": 5}, "malformed_span"),
        ({"startTimeUnixNano": 1 << 64}, "malformed_span"),
        ({"startTimeUnixNano": "soon"}, "malformed_span"),
        ({"attributes": {}}, "malformed_span"),
        ({"status": []}, "malformed_span"),
    ],
)
def test_a_bad_span_costs_itself_alone(fields: dict[str, object], reason: str) -> None:
    """The others of its request stay, and the count by reason is exact."""
    found = to_protobuf(body_of(span_of(), span_of(**fields), span_of(name="last")))

    assert (found.spans, found.rejected) == (2, (Rejection(reason, 1),))
    assert [span.name for span in decode.spans(found.body)] == ["step", "last"]


def test_a_span_that_is_no_object_is_refused_and_null_is_none() -> None:
    """null stands for absence everywhere."""
    found = to_protobuf(body_of("text", None, span_of()))

    assert (found.spans, found.rejected) == (1, (Rejection("malformed_span", 1),))


@pytest.mark.parametrize("time", [1795305600123456789, "1795305600123456789"])
def test_times_are_numbers_or_strings_to_the_nanosecond(time: object) -> None:
    """Both are sent."""
    assert read(startTimeUnixNano=time).start_ns == 1795305600123456789


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"intValue": "9223372036854775807"}, (1 << 63) - 1),
        ({"intValue": -5}, -5),
        ({"intValue": 5.0}, 5),
        ({"intValue": "five"}, "five"),
        ({"intValue": 1 << 70}, str(1 << 70)),
        ({"intValue": str(1 << 70)}, str(1 << 70)),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"doubleValue": float("inf")}, "Infinity"),
        ({"doubleValue": "1.5"}, 1.5),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "much"}, "much"),
        ({"boolValue": True}, True),
        ({"boolValue": "false"}, False),
        ({"bytesValue": "AP8="}, {"bytesValue": "AP8="}),
        ({"bytesValue": "_-8"}, {"bytesValue": "/+8="}),
        ({"bytesValue": "!"}, "!"),
        ({"stringValue": 5}, "5"),
        ({"stringValue": None}, None),
        ({}, None),
        (None, None),
        ({"newValue": 1}, None),
        ({"stringValueStrindex": 3}, None),
        ("bare", "bare"),
        ({"string_value": "snake"}, "snake"),
        ({"arrayValue": {}}, []),
        ({"arrayValue": {"values": [None, {"intValue": "1"}]}}, [None, 1]),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"boolValue": False}}]}}, {"a": False}),
    ],
)
def test_attribute_values_are_taken_as_they_are_meant(value: object, found: object) -> None:
    """What fits no type is kept as its text; no value costs its span."""
    assert attribute(value) == found


def test_deep_values_end_in_a_marker() -> None:
    """Nesting that no JSON parser takes fails the request instead."""
    value: object = {"stringValue": "bottom"}
    for _ in range(100):
        value = {"arrayValue": {"values": [value]}}

    found = attribute(value)

    for _ in range(Limits().depth):
        [found] = found
    assert found == TOO_DEEP
    with pytest.raises(Malformed):
        to_protobuf(b'{"resourceSpans":' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def test_enums_are_numbers_or_names() -> None:
    """Unknown numbers are kept."""
    span = read(kind="SPAN_KIND_CLIENT", status={"code": "STATUS_CODE_ERROR"})

    assert (span.kind, span.status_code) == (3, 2)
    assert read(kind=99).kind == 99


def test_snake_case_is_taken_and_unknown_fields_are_not() -> None:
    """At every level."""
    body = json.dumps(
        {
            "new": 1,
            "resource_spans": [
                {
                    "new": 1,
                    "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}, "new": 1}]},
                    "scope_spans": [
                        {"new": 1, "spans": [{"trace_id": TRACE_HEX, "span_id": SPAN_HEX, "new": {"deep": []}}]}
                    ],
                }
            ],
        }
    ).encode()

    [span] = decode.spans(to_protobuf(body).body)

    assert span.resource.attributes == {"service.name": "s"}


def test_text_is_repaired() -> None:
    """Lone surrogates, a byte order mark and bytes that are no UTF-8 are what strict parsers refuse."""
    assert read(name="a\ud800b").name == "a\ufffdb"
    assert decode_one(b"\xef\xbb\xbf" + body_of(span_of())).name == "step"
    assert decode_one(body_of(span_of(name="badname")).replace(b"badname", b"ba\xff")).name == "ba\ufffd"


def test_of_repeated_keys_the_last_counts() -> None:
    """As with every JSON parser, and the same each time."""
    assert decode_one(body_of(span_of()).replace(b'"step"', b'"step", "name": "last"')).name == "last"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"", "char 0"),
        (b"[]", "must be an object"),
        (b'"text"', "must be an object"),
        (b'{"resourceSpans": "none"}', "resourceSpans: must be a list"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": {}}]}]}', r"resourceSpans\[0\].scopeSpans\[0\].spans: must be"),
        (b'{"resourceSpans": [{"resource": {"attributes": [{"key": 1}]}}]}', r"attributes\[0\].key: must be a string"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [', "char"),
        (b'{"resourceSpans": ' + b"9" * 5_000 + b"}", "must be a list|not JSON"),
    ],
)
def test_what_is_no_request_is_malformed_and_says_where(body: bytes, where: str) -> None:
    """One kind of error, fit for the client."""
    with pytest.raises(Malformed, match=where):
        to_protobuf(body)


def test_counts_are_limited_before_anything_is_built() -> None:
    """Objects, spans and the elements of one span."""
    with pytest.raises(TooMany, match="objects and lists"):
        to_protobuf(b'{"resourceSpans":[' + b"{}," * 1_100_000 + b"{}]}")
    with pytest.raises(TooMany, match="more than 3 spans"):
        to_protobuf(body_of(*[span_of()] * 4), Limits(spans=3))
    many = [{"key": str(n)} for n in range(20)]
    assert to_protobuf(body_of(span_of(attributes=many)), Limits(elements=10)).rejected == (
        Rejection("too_many_elements", 1),
    )


def test_log_records_are_converted_by_the_same_rules() -> None:
    """Their ids may be missing."""
    body = {
        "resourceLogs": [
            {
                "scopeLogs": [
                    {
                        "logRecords": [
                            {
                                "timeUnixNano": "5",
                                "severityNumber": "SEVERITY_NUMBER_WARN",
                                "body": {"stringValue": "b"},
                            },
                            {"traceId": TRACE_HEX, "eventName": "gen_ai.choice", "attributes": [{"key": "a"}]},
                            "none",
                        ]
                    }
                ]
            }
        ]
    }

    found = logs_to_protobuf(json.dumps(body).encode())

    first, second = ExportLogsServiceRequest.FromString(found.body).resource_logs[0].scope_logs[0].log_records
    assert (found.spans, found.rejected) == (2, (Rejection("malformed_record", 1),))
    assert (first.time_unix_nano, first.severity_number, first.body.string_value) == (5, 13, "b")
    assert (second.trace_id.hex(), second.event_name, second.attributes[0].key) == (TRACE_HEX, "gen_ai.choice", "a")


json_bodies = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["resourceSpans", "scopeSpans", "spans", "attributes", "key", "value", "intValue", "arrayValue", "values",
         "events", "links", "status", "traceId", "spanId", "name", "resource", "scope", "kind"]), inner, max_size=4),
    max_leaves=30,
)  # fmt: skip


@given(json_bodies)
def test_no_json_raises_anything_but_malformed(tree: object) -> None:
    """And what comes out is always readable."""
    spans = [tree, span_of(attributes=tree), span_of(attributes=[{"key": "k", "value": tree}], events=[tree])]
    for body in (json.dumps(tree).encode(), body_of(*spans, scope=tree), body_of(*spans)):
        try:
            found = to_protobuf(body)
        except Malformed:
            continue
        assert found.spans == len([span.attributes for span in decode.spans(found.body)])


def decode_one(body: bytes) -> decode.RawSpan:
    [span] = decode.spans(to_protobuf(body).body)
    return span


def otlp_json(message: ExportTraceServiceRequest) -> bytes:
    """The request in OTLP's JSON: protobuf's own, but for hex ids and numeric enums."""
    return orjson.dumps(_hexed(json_format.MessageToDict(message, use_integers_for_enums=True)))


def _hexed(value: Any) -> Any:
    if isinstance(value, list):
        return [_hexed(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in ("traceId", "spanId", "parentSpanId") else _hexed(item)
            for key, item in value.items()
        }
    return value
