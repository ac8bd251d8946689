"""OTLP over HTTP: paths, content types, answers, keys (the conformance list of the specification)."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from ecoa_web.config import Config
from tests.receiver.client import JSON, PROTOBUF, Client, json_request, json_span, protobuf, raw
from tests.receiver.conftest import AddKey, running
from tests.receiver.inbox import Inbox
from traces.inbox.batch import Signal, inflated
from traces.receiver.server import Receiver
from traces.span import Outcome

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own

LANGFUSE = "/api/public/otel/v1/traces"


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/traces/", LANGFUSE, LANGFUSE + "/"])
def test_protobuf_is_stored_before_its_empty_answer(client: Client, inbox: Inbox, path: str) -> None:
    """A 200 with zero bytes of protobuf means that the spans are in the inbox, and queued."""
    answer = client.send(protobuf("chat"), path=path)

    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", PROTOBUF)
    assert inbox.names() == ["chat"]
    assert inbox.queued() == 1


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "Application/JSON"])
def test_json_is_answered_with_an_empty_object(client: Client, inbox: Inbox, content_type: str) -> None:
    """JSON in, `{}` out; the content type's parameters and capitals do not matter."""
    answer = client.send(json_request(json_span("chat")), content_type)

    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"{}", JSON)
    assert inbox.names() == ["chat"]


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/grpc"])
def test_other_content_types_are_415(client: Client, content_type: str | None) -> None:
    """What is neither protobuf nor JSON is told so, with a Status."""
    answer = client.send(b"x", content_type)

    assert answer.status == 415
    assert "application/x-protobuf" in answer.message


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_405(client: Client, method: str) -> None:
    """Only POST; the answer says so and is never a redirect or a 500."""
    answer = client.send(b"", method=method)

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/trace", "/v1/traces//", "/v1development/profiles", "//v1/traces"])
def test_unknown_paths_are_404(client: Client, path: str) -> None:
    """With a Status in the request's encoding."""
    answer = client.send(b"", path=path)

    assert answer.status == 404
    assert Status.FromString(answer.body).message


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", PROTOBUF),
        (b"\x0a\x00", PROTOBUF),
        (b"\x0a\x02\x12\x00", PROTOBUF),
        ("{}", JSON),
        ('{"resourceSpans":[]}', JSON),
        ('{"resourceSpans":[{"scopeSpans":[]}]}', JSON),
        ('{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}', JSON),
    ],
)
def test_empty_requests_succeed(client: Client, inbox: Inbox, body: bytes | str, content_type: str) -> None:
    """Empty bodies and envelopes are legal and leave nothing behind."""
    answer = client.send(body, content_type)

    assert answer.status == 200
    assert inbox.ledger() == {}


@pytest.mark.parametrize("body", ["", "[]", '"text"', "nonsense", "{", "[" * 100_000, '{"a":' + "9" * 5_000 + "}"])
def test_undecodable_json_is_400_in_json(client: Client, body: str) -> None:
    """The Status is JSON, says something, and shows nothing of the body."""
    answer = client.send(body, JSON)

    assert answer.status == 400 or (answer.status == 200 and body.startswith('{"a"'))
    assert answer.headers["content-type"] == JSON
    assert answer.status == 200 or 0 < len(answer.message) < 300


def test_undecodable_protobuf_is_400_in_protobuf(client: Client) -> None:
    """The Status is protobuf."""
    answer = client.send(b"\xff\xff\xff\xff")

    assert (answer.status, answer.headers["content-type"]) == (400, PROTOBUF)
    assert answer.message


@pytest.mark.parametrize("how", ["bearer", "Bearer", "encoded", "x-api-key", "basic"])
def test_a_key_may_come_in_several_headers(receiver: Receiver, key: str, inbox: Inbox, how: str) -> None:
    """Bearer in any case, with a blank that was never decoded, x-api-key, or the password of Basic."""
    headers = {
        "bearer": {"Authorization": f"bearer {key}"},
        "Bearer": {"Authorization": f"Bearer {key}"},
        "encoded": {"Authorization": f"Bearer%20{key}"},
        "x-api-key": {"X-Api-Key": key},
        "basic": {"Authorization": "Basic " + base64.b64encode(f"pk-lf-1:{key}".encode()).decode()},
    }[how]

    with Client(receiver.http_port, headers) as client:
        answer = client.send(protobuf("chat"))

    assert answer.status == 200
    assert inbox.names() == ["chat"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !"}, {"Authorization": "x"}, {"X-Api-Key": "é"}],
)
def test_without_a_valid_key_nothing_is_read(receiver: Receiver, inbox: Inbox, headers: dict[str, str]) -> None:
    """401 with a challenge and a Status."""
    with Client(receiver.http_port, headers) as client:
        answer = client.send(protobuf("chat"))

    assert answer.status == 401
    assert "www-authenticate" in answer.headers
    assert answer.message
    assert inbox.names() == []


def test_a_key_without_the_scope_is_403(receiver: Receiver, add_key: AddKey, inbox: Inbox) -> None:
    """A key that may only read must not write."""
    with Client(receiver.http_port, {"X-Api-Key": add_key("read", "admin")}) as client:
        answer = client.send(protobuf("chat"))

    assert answer.status == 403
    assert inbox.names() == []


def test_an_unauthenticated_client_is_answered_before_its_body(receiver: Receiver) -> None:
    """The answer comes after the headers, however large a body they announce."""
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n"

    answer = raw(receiver.http_port, head, until_close=False)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_old_and_rare_http_works(receiver: Receiver, key: str, inbox: Inbox) -> None:
    """HTTP/1.0, chunked bodies, Expect: 100-continue and pipelined requests."""
    body = protobuf("old")
    head = b"Host: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: application/x-protobuf\r\n" % key.encode()

    old = raw(
        receiver.http_port, b"POST /v1/traces HTTP/1.0\r\n%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
    )
    chunk = protobuf("chunked")
    chunked = raw(
        receiver.http_port,
        b"POST /v1/traces HTTP/1.1\r\n%sConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
        % (head, len(chunk), chunk),
    )
    expecting = raw(
        receiver.http_port,
        b"POST /v1/traces HTTP/1.1\r\n%sExpect: 100-continue\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % head,
    )
    pieces = []
    for name, connection in [("first", "keep-alive"), ("second", "keep-alive"), ("third", "close")]:
        one = protobuf(name)
        pieces.append(
            b"POST /v1/traces HTTP/1.1\r\n%sConnection: %s\r\nContent-Length: %d\r\n\r\n%s"
            % (head, connection.encode(), len(one), one)
        )
    pipelined = raw(receiver.http_port, b"".join(pieces))

    assert old.startswith(b"HTTP/1.1 200 ")
    assert chunked.startswith(b"HTTP/1.1 200 ")
    assert expecting.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 200 " in expecting
    assert pipelined.count(b"HTTP/1.1 200 ") == 3
    assert inbox.names() == ["old", "chunked", "first", "second", "third"]


def test_a_connection_serves_a_thousand_requests(client: Client, inbox: Inbox) -> None:
    """Kept alive through successes, refusals and commits."""
    statuses = [client.send(b"\xff" if number % 5 == 4 else b"").status for number in range(1_000)]
    last = client.send(protobuf("chat"))

    assert statuses == [200, 200, 200, 200, 400] * 200
    assert last.status == 200
    assert inbox.names() == ["chat"]


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_logs_and_metrics_are_answered_with_an_exact_count(client: Client, content_type: str) -> None:
    """What carries nothing of GenAI is not stored; partial_success says how many that were, so that SDKs neither retry
    nor complain."""
    logs, metrics = ExportLogsServiceRequest(), ExportMetricsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add()
    logs.resource_logs[0].scope_logs[0].log_records.add()
    kinds = metrics.resource_metrics.add().scope_metrics.add().metrics
    kinds.add().gauge.data_points.add()
    kinds.add().histogram.data_points.add()
    kinds.add().sum.data_points.add()
    point: dict[str, object] = {"gauge": {"dataPoints": [{}]}}
    if content_type == PROTOBUF:
        sent = (logs.SerializeToString(), metrics.SerializeToString())
    else:
        sent = (
            json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}, {}]}]}]}).encode(),
            json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [point, point, point]}]}]}).encode(),
        )

    answers = [
        client.send(body, content_type, path=path) for body, path in zip(sent, ["/v1/logs", "/v1/metrics"], strict=True)
    ]

    assert [answer.status for answer in answers] == [200, 200]
    if content_type == PROTOBUF:
        assert ExportLogsServiceResponse.FromString(answers[0].body).partial_success.rejected_log_records == 2
        assert ExportMetricsServiceResponse.FromString(answers[1].body).partial_success.rejected_data_points == 3
    else:
        assert json.loads(answers[0].body)["partialSuccess"]["rejectedLogRecords"] == "2"
        assert json.loads(answers[1].body)["partialSuccess"]["rejectedDataPoints"] == "3"


@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_genai_log_records_are_stored_and_the_others_counted(client: Client, inbox: Inbox, content_type: str) -> None:
    """By the event's name, wherever it stands, or by an attribute that only such a record has."""
    named = {"eventName": "gen_ai.client.inference.operation.details"}
    in_attribute = {"attributes": [{"key": "event.name", "value": {"stringValue": "gen_ai.choice"}}]}
    by_tokens = {"attributes": [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "3"}}]}
    plain = {"body": {"stringValue": "order 17 shipped"}}
    sent: dict[str, Any] = {
        "resourceLogs": [{"scopeLogs": [{"logRecords": [plain, named, in_attribute, plain, by_tokens]}]}]
    }
    body = json.dumps(sent).encode()
    if content_type == PROTOBUF:
        body = json_format.ParseDict(sent, ExportLogsServiceRequest()).SerializeToString()

    answer = client.send(body, content_type, path="/v1/logs")

    assert answer.status == 200
    assert b"no prompts, completions, tokens or cost" in answer.body
    stored = inbox.database.execute("SELECT signal, spans, body FROM traces_inbox_batch", binary=True).fetchall()
    assert [(signal, records) for signal, records, _ in stored] == [(Signal.LOGS, 3)]
    kept = ExportLogsServiceRequest.FromString(inflated(stored[0][2]))
    assert len(kept.resource_logs[0].scope_logs[0].log_records) == 3
    assert inbox.ledger() == {(Outcome.LOGS_RECEIVED, ""): 5, (Outcome.LOGS_REJECTED, "not_genai"): 2}


def test_empty_logs_succeed_without_a_word(client: Client) -> None:
    """No records, no partial success."""
    assert client.send(b"", path="/v1/logs").body == b""
    assert client.send("{}", JSON, path="/v1/metrics").body == b"{}"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:4318", 200),
        ("127.0.0.1", 200),
        ("[::1]:4318", 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("192.168.1.7", 400),
        ("", 400),
    ],
)
def test_only_own_host_names_are_answered(client: Client, host: str, status: int) -> None:
    """A page that rebinds its DNS name to loopback gets nothing."""
    assert client.send(b"", headers={"Host": host}).status == status


def test_a_listed_origin_gets_a_preflight(client: Client) -> None:
    """204 with the exact origin, the method and the headers asked for; never a star."""
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }

    answer = client.send(b"", None, method="OPTIONS", headers=asked)
    posted = client.send(protobuf("chat"), headers={"Origin": "https://app.example.com"})

    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert posted.headers["access-control-allow-origin"] == "https://app.example.com"


def test_other_origins_get_no_cors_headers(client: Client) -> None:
    """The browser then keeps the answer from the page."""
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    answer = client.send(b"", None, method="OPTIONS", headers=asked)

    assert answer.status == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_it_listens_on_ipv6(config: Config, key: str) -> None:
    """Both listeners take an IPv6 address to bind to."""
    with running(replace(config, bind="::1")) as started:
        connection = http.client.HTTPConnection("::1", started.http_port, timeout=20)
        connection.request("POST", "/v1/traces", b"", {"X-Api-Key": key, "Content-Type": PROTOBUF})
        status = connection.getresponse().status
        connection.close()
        socket.create_connection(("::1", started.grpc_port)).close()

    assert status == 200
