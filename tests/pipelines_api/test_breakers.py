"""Breakers over HTTP: how they stand, and a person who opens or closes one."""

from __future__ import annotations

import pytest
from django.db import connection

from ecoa_web.accounts.models import AuditEntry, Project, Scope
from tests.pipelines_api.conftest import Caller, machine


@pytest.fixture
def breaker(project: Project) -> str:
    """One that opened by itself; its name has everything that names may have."""
    name = "openai/gpt 5?"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_breaker (project_id, name, state, reason, opened_at, retry_at)"
            " VALUES (%s, %s, 'open', 'timeouts', now(), now() + interval '60 s')",
            [project.pk, name],
        )
    return name


def address(name: str, verb: str) -> str:
    return f"breakers/{name.replace('?', '%3F').replace(' ', '%20')}/{verb}"


def changes() -> list[tuple[str, str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, reason, by FROM pipelines_breaker_change ORDER BY id")
        return list(cursor.fetchall())


def test_a_person_closes_a_breaker(editor: Caller, breaker: str) -> None:
    """By its own rule from then on; recorded with who and why."""
    [row] = editor.post(address(breaker, "close"), {"reason": "they are back"})["results"]

    assert (row["name"], row["state"], row["pinned_by"]) == (breaker, "closed", None)
    assert changes() == [("closed", "they are back", "ed@example.com")]
    assert AuditEntry.objects.get(action="closed the breaker").subject == breaker


def test_a_person_holds_a_breaker_open(editor: Caller, breaker: str) -> None:
    """Until somebody closes it: nothing probes meanwhile."""
    [row] = editor.post(address(breaker, "open"), {"reason": "maintenance"})["results"]

    assert (row["state"], row["pinned_by"], row["retry_at"]) == ("open", "ed@example.com", None)
    assert editor.get("breakers")["results"][0]["reason"] == "maintenance"
    [row] = editor.post(address(breaker, "close"), {"hold": True})["results"]
    assert (row["state"], row["pinned_by"]) == ("closed", "ed@example.com")


def test_only_editors_and_keys_to_run_change_breakers(
    project: Project, breaker: str, ann: Caller, viewer: Caller, outsider: Caller
) -> None:
    """403 for others of the project, who see it; 404 for who is not of it."""
    for caller in (ann, viewer, machine(project, Scope.READ)):
        assert caller.get("breakers")["results"]
        caller.post(address(breaker, "open"), code=403)
        caller.post(address(breaker, "close"), code=403)
    outsider.post(address(breaker, "open"), code=404)
    assert outsider.get("breakers")["results"] == []
    machine(project, Scope.RUN).post(address(breaker, "open"))


def test_a_breaker_that_was_never_used_is_a_404(editor: Caller) -> None:
    """It is made by the code that uses it."""
    editor.post(address("nothing", "open"), code=404)
    editor.post(address("no\0thing".replace("\0", "%00"), "close"), code=404)
