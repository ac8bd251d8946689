"""A project's own rules: tried on a real span, saved, applied to what arrives and by a replay to what is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from ecoa_web.accounts.models import AuditEntry
from tests.ingest_page.conftest import RULE, Plant
from tests.normalise.otlp import key_values
from tests.store.spans import Sent, chat
from traces.rules.rule import FIELDS, READERS, Rule, ruled
from traces.rules.version import BUILT_IN, version_of
from traces.store.replay import replay

PAGE = "/p/shop/settings/ingest/"
NEW = PAGE + "rules/new/"


def spoken(id: int, chat_id: str = "c-1", **more: str | int) -> Sent:
    return Sent(id=id, trace=id, attributes={"acme.chat": chat_id, **more})


def encoded(told: dict[str, Any]) -> list[bytes]:
    return [one.SerializeToString() for one in key_values(told)]


def sessions(plant: Plant) -> list[Any]:
    return [row[0] for row in plant.rows("SELECT session FROM traces_span ORDER BY span_id")]


def test_a_rule_is_tried_before_it_is_saved(plant: Plant, editor: Client) -> None:
    """Trying shows the field before and after, and its source, on the newest span with the key; nothing is kept."""
    plant.receive(spoken(1), Sent(id=2, trace=2))
    plant.work()

    tried = editor.post(NEW, {**RULE, "act": "try"}).context["tried"]

    [line] = [line for line in tried.lines if line.changed]
    assert (line.field, line.before.value, line.after.value, line.after.source) == ("session", "", "c-1", "acme.chat")
    assert tried.example.span_id == 1
    assert plant.one("SELECT count(*) FROM traces_rule") == 0


def test_a_rule_is_tried_on_the_span_that_is_named(plant: Plant, editor: Client) -> None:
    """A trace and a span may be named by ids or by an address."""
    plant.receive(spoken(1), spoken(2, "c-2"))
    plant.work()
    address = f"http://localhost/p/shop/traces/{2:032x}/#{2:016x}"

    tried = editor.post(NEW, {**RULE, "act": "try", "span": address}).context["tried"]

    assert tried.example.span_id == 2
    assert tried.told == "c-2"


def test_a_saved_rule_reads_what_arrives_and_a_replay_what_is_stored(plant: Plant, editor: Client) -> None:
    """New spans are read with it at once, stored ones by a replay; the page tells which version read what."""
    plant.receive(spoken(1))
    plant.work()

    saved = editor.post(NEW, {**RULE, "act": "save"})
    plant.receive(spoken(2))
    plant.work()
    between = sessions(plant)
    versions = editor.get(PAGE).context["other_versions"]
    replay(plant.house.conn, project_id=plant.project.pk)
    plant.work()

    assert saved.status_code == 302
    assert between == [None, "c-1"]
    assert [(row.version, row.spans) for row in versions] == [(BUILT_IN, 1)]
    assert sessions(plant) == ["c-1", "c-1"]
    page = editor.get(PAGE).context
    assert (page["other_versions"], page["version"] != BUILT_IN) == ([], True)
    entry = AuditEntry.objects.exclude(project=None).get()
    assert (entry.action, entry.subject, entry.detail["field"]) == ("added the rule", "acme.chat", "session")


def test_a_removed_rule_reads_nothing_more(plant: Plant, editor: Client) -> None:
    """After its end and a replay, spans are read as before it."""
    editor.post(NEW, {**RULE, "act": "save"})
    plant.receive(spoken(1))
    plant.work()
    rule = plant.one("SELECT id FROM traces_rule")

    asked = editor.get(f"{PAGE}rules/{rule}/remove/").status_code
    editor.post(f"{PAGE}rules/{rule}/remove/")
    replay(plant.house.conn, project_id=plant.project.pk)
    plant.work()

    assert asked == 200
    assert sessions(plant) == [None]
    assert editor.get(PAGE).context["version"] == BUILT_IN


def test_a_rule_is_its_projects_alone(plant: Plant, editor: Client) -> None:
    """Another project's spans with the same key are read as ever, in the same worker."""
    editor.post(NEW, {**RULE, "act": "save"})
    plant.receive(spoken(1))
    plant.house.receive(spoken(2), project=plant.project.pk + 1)
    plant.work()

    assert sessions(plant) == ["c-1", None]


def test_a_span_is_explained_by_its_projects_rules(plant: Plant, editor: Client) -> None:
    """The span panel names the rule's key as the source."""
    editor.post(NEW, {**RULE, "act": "save"})
    plant.receive(spoken(1))
    plant.work()

    span = editor.get(f"/api/v1/traces/{1:032x}/spans/{1:016x}", {"project": "shop"}).json()

    assert span["mapping"]["session"] == "acme.chat"


def test_before_wins_and_after_fills(plant: Plant, editor: Client) -> None:
    """A rule before the built-in ones beats them; one after them only fills what they leave empty."""
    before = ruled((Rule(1, "session", "acme.chat", "text"),))
    after = ruled((Rule(1, "session", "acme.chat", "text", first=False),))
    both = encoded({"session.id": "built-in", "acme.chat": "own"})
    alone = encoded({"acme.chat": "own"})

    def session(rules: Any, sent: list[bytes]) -> object:
        return rules.of("").unknown.collect(sent)[0]["session"][2]

    assert (session(before, both), session(after, both)) == ("own", "built-in")
    assert (session(before, alone), session(after, alone)) == ("own", "own")


def test_a_rule_of_a_scope_leaves_others_alone() -> None:
    """A scope, or all that begin so."""
    exact, prefix = Rule(1, "session", "k", "text", scope="acme.sdk"), Rule(2, "user", "k", "text", scope="acme.*")

    assert [exact.applies_to(scope) for scope in ("acme.sdk", "acme.other", "")] == [True, False, False]
    assert [prefix.applies_to(scope) for scope in ("acme.sdk", "acme.other", "")] == [True, True, False]
    assert ruled((exact,)).of("acme.other") is ruled(()).of("acme.other")


def test_a_rule_reads_members_and_resources(plant: Plant, editor: Client) -> None:
    """A member of an object's JSON, and keys of the resource."""
    usage = {**RULE, "key": "acme.usage", "field": "input_tokens", "member": "in.total"}
    editor.post(NEW, {**usage, "act": "save"})
    editor.post(NEW, {**RULE, "key": "service.name", "field": "environment", "act": "save"})
    plant.receive(chat(1, tokens=None), Sent(id=2, parent=1, attributes={"acme.usage": '{"in": {"total": 12}}'}))
    plant.work()

    assert plant.rows("SELECT tokens_in, environment FROM traces_span ORDER BY span_id") == [
        (None, "shop"),
        (12, "shop"),
    ]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"key": ""}, "key"),
        ({"field": "cost", "reader": "text"}, "reader"),
        ({"scope": "a*b"}, "scope"),
        ({"member": "a..b"}, "member"),
        ({"span": "nonsense"}, "span"),
        ({"key": "a\0b"}, "key"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(plant: Plant, editor: Client, wrong: dict[str, str], field: str) -> None:
    """A rule that cannot be is not saved."""
    answer = editor.post(NEW, {**RULE, **wrong, "act": "save"})

    assert field in answer.context["form"].errors
    assert plant.one("SELECT count(*) FROM traces_rule") == 0


def test_the_same_rule_is_saved_once_and_rules_are_bounded(plant: Plant, editor: Client) -> None:
    """A double is refused, and so is the fifty-first."""
    for _ in range(2):
        editor.post(NEW, {**RULE, "act": "save"})
    for number in range(60):
        editor.post(NEW, {**RULE, "key": f"k{number}", "act": "save"})

    assert plant.one("SELECT count(*) FROM traces_rule") == 50


def test_versions_tell_rules_apart() -> None:
    """The same rules have the same version, others another; the ids of rules do not matter."""
    one, other = Rule(1, "session", "a", "text"), Rule(2, "session", "b", "text")

    assert version_of(()) == BUILT_IN
    assert version_of((one,)) == version_of((one._replace(id=9),))
    assert len({version_of(()), version_of((one,)), version_of((other,)), version_of((one, other))}) == 4


def test_every_field_has_a_reader_and_is_one_that_normalising_knows() -> None:
    """No rule fills a field that nothing looks at."""
    import traces.normalise

    text = Path(traces.normalise.__file__).read_text(encoding="utf-8")
    assert all(reader in READERS for field in FIELDS.values() for reader in field.readers)
    assert [name for name in FIELDS if f'"{name}"' not in text] == []


VALUES = st.one_of(st.text(max_size=30), st.integers(-(2**62), 2**62), st.floats(), st.booleans())


@given(
    st.sampled_from(sorted(FIELDS)),
    st.booleans(),
    st.dictionaries(st.sampled_from(["k", "session.id", "gen_ai.usage.input_tokens"]), VALUES),
)
def test_no_rule_makes_normalising_fail(field: str, first: bool, told: dict[str, Any]) -> None:
    """Whatever a rule reads and whatever stands there."""
    tables = ruled(tuple(Rule(1, field, "k", reader, first=first) for reader in FIELDS[field].readers)).of("")

    tables.unknown.collect(encoded(told))
    tables.resource.collect(encoded(told))
