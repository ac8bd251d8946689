"""Settings > Prices: who may see and change them, what a change does, what is said beside the fields."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from ecoa_web.accounts.models import AuditEntry, Project, Role
from tests.builders import Sent, send
from tests.pages.conftest import MODEL_CALL, member, outsider, owner, project, viewer
from traces.queries.prices import latest_repricing
from traces.queries.pricing import own_of

__all__ = ["outsider", "owner", "project", "viewer"]  # pytest finds fixtures by name
PRICE = {"model": "llama3.1", "provider": "Ollama", "input": "0.1", "output": "0.2"}


@pytest.fixture
def editor(project: Project) -> Client:
    return member(project, "editor@example.com", Role.EDITOR)


def page(client: Client, **asked: str) -> str:
    return client.get(reverse("prices", args=["shop"]), asked).content.decode()


def post(client: Client, name: str = "prices", *args: object, **fields: str) -> Any:
    return client.post(reverse(name, args=["shop", *args]), fields)


def test_an_editor_adds_a_price(project: Project, editor: Client) -> None:
    """It holds at once, is in the audit log, and stored calls are priced again from its first day on."""
    answer = post(editor, **PRICE, valid_from="2026-11-01", valid_until="2026-12-01")

    [price] = own_of(project.pk)
    job = latest_repricing(project.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT since_ns, until_ns FROM traces_reprice")
        asked = cursor.fetchone()
    assert answer.status_code == 302
    assert (price.model, price.provider, float(price.input), price.cache_read) == ("llama3.1", "ollama", 0.1, None)
    assert (price.valid_from, price.valid_until) == (date(2026, 11, 1), date(2026, 12, 1))
    assert job is not None and job.finished_at is None and job.asked_by == "editor@example.com"
    assert [datetime.fromtimestamp(ns / 1e9, UTC).date() for ns in asked] == [price.valid_from, price.valid_until]
    assert AuditEntry.objects.filter(action="added the price", subject="llama3.1", project=project).count() == 1
    assert "llama3.1" in page(editor)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("model", "", "This field is required"),
        ("model", "gpt*o", "A * can only stand at the end"),
        ("input", "", "This field is required"),
        ("input", "-1", "greater than or equal to 0"),
        ("output", "much", "Enter a number"),
        ("reasoning", "0.00000000001", "no more than 9 decimal places"),
        ("valid_until", "2026-11-01", "It would end before it begins"),
        ("valid_from", "yesterday", "Enter a valid date"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    project: Project, editor: Client, field: str, value: str, said: str
) -> None:
    """What was typed stays; nothing is stored."""
    answer = post(editor, **(PRICE | {"valid_from": "2026-11-01", "output": "7.25"} | {field: value}))

    shown = answer.content.decode()
    assert answer.status_code == 200
    assert re.search(rf'id="id_{field}_error">.*?{re.escape(said)}', shown)
    assert field == "output" or 'value="7.25"' in shown
    assert own_of(project.pk) == []


def test_a_changed_price_prices_the_days_of_before_and_after(project: Project, editor: Client) -> None:
    """The job reaches over both, and the log keeps what the price became."""
    post(editor, **PRICE, valid_from="2026-11-05", valid_until="2026-11-10")
    [price] = own_of(project.pk)

    post(editor, "price", price.id, **PRICE | {"input": "5"}, valid_from="2026-11-08", valid_until="2026-11-20")

    [after] = own_of(project.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT since_ns, until_ns FROM traces_reprice")
        asked = cursor.fetchone()
    assert (after.id, float(after.input)) == (price.id, 5.0)
    assert [datetime.fromtimestamp(ns / 1e9, UTC).day for ns in asked] == [5, 20]
    assert AuditEntry.objects.get(action="changed the price").detail["valid_from"] == "2026-11-08"


def test_an_ended_price_stays_for_the_calls_of_before(project: Project, editor: Client) -> None:
    """It is asked first, and ends today."""
    post(editor, **PRICE)
    [price] = own_of(project.pk)

    asked = editor.get(reverse("price-end", args=["shop", price.id])).content.decode()
    post(editor, "price-end", price.id)

    assert "End the price of “llama3.1”?" in asked
    assert own_of(project.pk)[0].valid_until == datetime.now(UTC).date()
    assert "End…" not in page(editor)


def test_models_without_a_price_are_listed_with_a_way_to_give_one(project: Project, editor: Client) -> None:
    """The link fills the form in; a model with a price is not listed."""
    asks = MODEL_CALL | {"gen_ai.provider.name": "ollama", "gen_ai.response.model": "llama3.1"}
    send(project.pk, [Sent(name="chat", id=1, attributes=asks), Sent(name="chat", id=2, attributes=MODEL_CALL)])

    shown = page(editor)
    found = re.search(r'href="(\?[^"]+)#new" aria-label="Add a price for llama3.1"', shown)
    assert found
    filled = editor.get(reverse("prices", args=["shop"]) + found[1].replace("&amp;", "&")).content.decode()

    assert "Add a price for gpt-5-mini" not in shown
    assert 'name="model" value="llama3.1"' in filled
    assert 'name="provider" value="ollama"' in filled
    assert "genai-prices has no price for" in filled


def test_the_built_in_price_stands_beside_ones_own(project: Project, editor: Client) -> None:
    """What genai-prices says today, in the list and in the form."""
    post(editor, **PRICE | {"model": "gpt-4o", "provider": "openai"})

    assert re.search(r"\$2\.50 <span class=\"unit\">/</span> \$10", page(editor))
    assert "today: input $2.50" in page(editor, model="gpt-4o", provider="openai")


def test_progress_is_shown_while_stored_calls_are_priced_again(project: Project, editor: Client) -> None:
    """A bar, and how many of how many; then when it was done."""
    post(editor, "prices-again")
    waits = page(editor, part="live")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE traces_reprice SET started_at = now(), traces = 2000, done = 1500, changed = 7")
        runs = page(editor, part="live")
        cursor.execute("UPDATE traces_reprice SET finished_at = now()")
        is_done = page(editor, part="live")

    assert "waits for a worker" in waits
    assert '<progress class="progress" max="2000" value="1500"' in runs
    assert "1,500 of 2,000 traces; 7 calls changed so far." in runs
    assert "<progress" not in is_done and "last priced again" in is_done
    assert AuditEntry.objects.filter(action="asked to price again").count() == 1


def test_a_viewer_sees_prices_and_changes_none(project: Project, editor: Client, viewer: Client) -> None:
    """No form and no button, and refused when tried."""
    post(editor, **PRICE)
    [price] = own_of(project.pk)

    shown = page(viewer)
    refused = [
        post(viewer, **PRICE),
        post(viewer, "price", price.id, **PRICE),
        post(viewer, "price-end", price.id),
        post(viewer, "prices-again"),
        viewer.get(reverse("price", args=["shop", price.id])),
        viewer.get(reverse("price-end", args=["shop", price.id])),
    ]

    assert "llama3.1" in shown and "Add price" not in shown and "Edit" not in shown
    assert [answer.status_code for answer in refused] == [403] * 6
    assert own_of(project.pk) == [price]


def test_an_outsider_finds_no_prices(project: Project, editor: Client, outsider: Client) -> None:
    """Another project's prices do not exist, nor do they under one's own project."""
    post(editor, **PRICE)
    [price] = own_of(project.pk)

    found = [
        outsider.get(reverse("prices", args=["shop"])),
        post(outsider, **PRICE),
        post(outsider, "price", price.id, **PRICE),
        outsider.get(reverse("price", args=["elsewhere", price.id])),
        outsider.post(reverse("price-end", args=["elsewhere", price.id])),
    ]

    assert [answer.status_code for answer in found] == [404] * 5


def test_days_that_nothing_can_count_are_no_limit(project: Project, editor: Client) -> None:
    """A price from the year 1 or until the year 9999 is one without that limit."""
    answer = post(editor, **PRICE, valid_from="0001-01-01", valid_until="9999-12-31")

    assert answer.status_code == 302
    assert own_of(project.pk)[0].valid_until - own_of(project.pk)[0].valid_from > timedelta(days=3_000_000)  # type: ignore[operator]
