"""Members see the ingest page, editors act on it, and for everyone else it does not exist."""

from __future__ import annotations

import pytest
from django.test import Client

from ecoa_web.accounts.models import AuditEntry
from tests.ingest_page.conftest import RULE, Plant
from tests.store.spans import Sent

PAGE = "/p/shop/settings/ingest/"
ACTS = ("replay/", "letters/retry/", "letters/discard/", "rules/new/", "rules/{rule}/remove/")
LETTER_ACTS = ("letters/{letter}/retry/", "letters/{letter}/discard/")


@pytest.fixture
def places(plant: Plant) -> list[str]:
    """Every address that acts, over a project with a dead letter and a rule."""
    plant.poison(on=True)
    plant.receive(Sent(id=1, name="poison"), Sent(id=2, parent=1))
    plant.work()
    rule = plant.one(
        "INSERT INTO traces_rule (project_id, field, key, reader, first, made_by)"
        " VALUES (%s, 'session', 'x', 'text', true, 'me') RETURNING id",
        plant.project.pk,
    )
    letter = plant.one("SELECT id FROM traces_dead_letter")
    return [PAGE + place.format(rule=rule, letter=letter) for place in (*ACTS, *LETTER_ACTS)]


def test_an_outsider_finds_nothing(outsider: Client, places: list[str], plant: Plant) -> None:
    """The page, its letters and its acts are 404 for who is not a member."""
    letter = plant.one("SELECT id FROM traces_dead_letter")

    for place in (PAGE, PAGE + "?part=flow", f"{PAGE}letters/{letter}/"):
        assert outsider.get(place).status_code == 404
    for place in places:
        assert outsider.post(place, RULE).status_code == 404


def test_a_viewer_sees_and_cannot_act(viewer: Client, places: list[str], plant: Plant) -> None:
    """A viewer reads the page and the letters; every act is refused and changes nothing."""
    letter = plant.one("SELECT id FROM traces_dead_letter")
    page = viewer.get(PAGE)

    assert page.status_code == viewer.get(f"{PAGE}letters/{letter}/").status_code == 200
    assert b"Try all again" not in page.content and b"New rule" not in page.content
    for place in places:
        assert viewer.post(place, {**RULE, "act": "save"}).status_code == 403
    assert plant.one("SELECT count(*) FROM traces_dead_letter") == 1
    assert plant.one("SELECT count(*) FROM traces_rule") == 1
    assert plant.one("SELECT count(*) FROM traces_replay_job") == 0
    assert not AuditEntry.objects.exclude(project=None).exists()


def test_another_projects_letters_and_rules_do_not_exist(plant: Plant, places: list[str], outsider: Client) -> None:
    """Ids of one project open nothing under the address of another, where the reader is an owner."""
    for place in places[4:]:
        assert outsider.post(place.replace("/p/shop/", "/p/elsewhere/"), RULE).status_code == 404
    assert plant.one("SELECT count(*) FROM traces_dead_letter") == 1


def test_the_empty_page_says_what_to_do(viewer: Client, plant: Plant) -> None:
    """A project that nothing was sent to has a page all the same."""
    page = viewer.get(PAGE).content.decode()

    assert "Nothing arrived in this range" in page
    assert "Get started" in page
