"""Who sends what is known, and stays small whatever is sent."""

from __future__ import annotations

import pytest
from django.test import Client
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.ingest_page.conftest import RULE, Plant
from tests.store.spans import Sent, body
from traces.senders import save as saving
from traces.senders.save import save
from traces.senders.senders import Senders
from traces.senders.unknown import example, matters
from traces.store.group import Store
from traces.store.replay import replay

PAGE = "/p/shop/settings/ingest/"
SOURCES = (
    "SELECT service, sdk, language, version, scope, scope_version, dialects, spans FROM traces_source ORDER BY scope"
)
KEYS = "SELECT key, spans, example FROM traces_unknown_key ORDER BY key"


def from_sdk(*spans: Sent, scope: str = "acme.sdk", version: str = "1.2.3") -> bytes:
    request = ExportTraceServiceRequest.FromString(body(list(spans)))
    [resource] = request.resource_spans
    for key, value in {"name": "opentelemetry", "language": "python", "version": "1.45.0"}.items():
        resource.resource.attributes.add(key=f"telemetry.sdk.{key}").value.string_value = value
    resource.scope_spans[0].scope.name, resource.scope_spans[0].scope.version = scope, version
    return request.SerializeToString()


def test_sdks_and_scopes_are_known_by_service(plant: Plant, viewer: Client) -> None:
    """Name, language and version of the SDK, name and version of the scope, the dialect, how many spans, since when."""
    plant.receive_body(from_sdk(Sent(id=1), Sent(id=2, parent=1)), 2)
    plant.receive_body(from_sdk(Sent(id=3, parent=1), scope="opentelemetry.instrumentation.openai_v2"), 1)
    plant.work()

    assert plant.rows(SOURCES) == [
        ("shop", "opentelemetry", "python", "1.45.0", "acme.sdk", "1.2.3", [], 2),
        (
            "shop",
            "opentelemetry",
            "python",
            "1.45.0",
            "opentelemetry.instrumentation.openai_v2",
            "1.2.3",
            ["otel_genai"],
            1,
        ),
    ]
    assert "1.45.0" in viewer.get(PAGE).content.decode()


def test_a_replay_counts_them_anew(plant: Plant) -> None:
    """After a replay the same is known as before, not twice as much; what a worker had not saved yet is void."""
    plant.receive_body(from_sdk(Sent(id=1), Sent(id=2, parent=1)), 2)
    plant.work()
    before = plant.rows(SOURCES), plant.rows("SELECT version, spans FROM traces_mapping")
    plant.receive_body(from_sdk(Sent(id=3, parent=1)), 1)
    late = Store(plant.house.conn, plant.house.keys)
    late.next_group()

    replay(plant.house.conn, project_id=plant.project.pk)
    save(plant.house.conn, late.senders)
    void = plant.rows(SOURCES)
    plant.work()

    assert void == []
    assert [(*row[:-1], row[-1] - 1) for row in plant.rows(SOURCES)] == before[0]
    assert plant.rows("SELECT version, spans FROM traces_mapping") == [(before[1][0][0], 3)]


def test_keys_that_matter_and_that_no_rule_reads_are_listed(plant: Plant, editor: Client) -> None:
    """With how often and an example; known keys, unimportant ones and limits are not. Indices are one key."""
    attributes: dict[str, str | int | float] = {
        "acme.conversation.id": "c-1",
        "acme.messages.0.text": "hello",
        "acme.messages.1.text": "hi",
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.request.max_tokens": 99,
        "acme.colour": "blue",
        "http.user_agent": "curl",
    }
    plant.receive(Sent(id=1, attributes=attributes), Sent(id=2, parent=1, attributes={"acme.conversation.id": "c-1"}))
    plant.work()

    assert plant.rows(KEYS) == [("acme.conversation.id", 2, "c-1"), ("acme.messages.*.text", 2, "hello")]
    editor.post(PAGE + "rules/new/", {**RULE, "key": "acme.conversation.id", "act": "save"})
    assert [row.key for row in editor.get(PAGE).context["keys"]] == ["acme.messages.*.text"]


def test_ten_thousand_keys_stay_few(plant: Plant) -> None:
    """A sender that makes up keys fills neither a worker's memory nor the table, and hides none that repeats."""
    senders = Senders(clock=iter(range(0, 10**9, 10)).__next__)
    store = Store(plant.house.conn, plant.house.keys)
    store.senders = senders
    for batch in range(100):
        made_up: dict[str, str | int | float] = {f"acme.user.{batch * 100 + n}x": n for n in range(98)}
        plant.receive(Sent(id=1, trace=batch + 1, attributes={"acme.session.key": "s", **made_up}))
    while store.next_group():
        assert all(len(counted.keys) <= 300 for counted in senders.counted.values())
        save(plant.house.conn, senders)

    assert plant.one("SELECT count(*) FROM traces_unknown_key") == saving.MOST_KEYS
    assert plant.one("SELECT spans FROM traces_unknown_key WHERE key = 'acme.session.key'") == 100


def test_made_up_scopes_stay_few(plant: Plant) -> None:
    """Between two saves a few hundred sources are told apart; the rest counts as others."""
    request = ExportTraceServiceRequest()
    for number in range(1_000):
        request.MergeFromString(from_sdk(Sent(id=number + 1, trace=number + 1), scope=f"scope-{number}"))
    plant.receive_body(request.SerializeToString(), 1_000)
    plant.work()

    assert plant.rows("SELECT count(*), sum(spans) FROM traces_source") == [(301, 1_000)]


@pytest.mark.parametrize("value", ["x" * 9_000, ["x" * 9_000], {"a": {"b": [1, None]}}, None, 2**62, "a\nb\tc"])
def test_examples_are_one_short_line(value: object) -> None:
    """Whatever a value is."""
    text = example(value)  # type: ignore[arg-type]

    assert len(text) <= 120
    assert "\n" not in text and "\t" not in text


def test_what_opentelemetry_itself_names_so_does_not_matter() -> None:
    """Words are judged by where they stand."""
    assert [key for key in ("http.user_agent", "db.user", "thread.id", "ai.settings.max_tokens") if matters(key)] == []
    assert [key for key in ("ai.usage.cachedTokens", "x.userId", "prompt") if not matters(key)] == []
