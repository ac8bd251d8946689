"""The audit log is only ever added to."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test import Client, RequestFactory, override_settings

from ecoa_web.accounts import audit
from ecoa_web.accounts.models import AuditEntry, Project, User
from tests.accounts.conftest import SignedIn


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET action = 'nothing'",
        "DELETE FROM accounts_auditentry",
        "TRUNCATE accounts_auditentry",
    ],
)
@pytest.mark.django_db
def test_the_database_refuses_to_change_an_entry(statement: str) -> None:
    """Also by SQL, also to us."""
    audit.record("did something", subject="here")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER accounts_audit_keep_table")

    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert AuditEntry.objects.get().action == "did something"


def test_an_entry_outlives_who_and_what_it_names(project: Project, owner: User) -> None:
    """Deleting a person or a project leaves the log as it was."""
    audit.record("did something", actor=owner, project=project, subject="here")

    owner.delete()
    project.delete()

    entry = AuditEntry.objects.get(action="did something")
    assert entry.actor_label == "owner@example.com"
    assert entry.actor_id is not None


@pytest.mark.django_db
def test_what_is_not_printable_does_not_reach_the_log() -> None:
    """NUL, line breaks and direction marks in a typed address cannot forge or break an entry."""
    entry = audit.record("failed to sign in", actor_label="a\0b\nc\u202e@example.com" + "x" * 500)

    assert entry.actor_label.startswith("a\ufffdb\ufffdc\ufffd@example.com")
    assert len(entry.actor_label) == 254


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "nonsense", None),
    ],
)
def test_a_forwarded_address_counts_as_far_as_proxies_are_trusted(
    proxies: int, forwarded: str, expected: str | None
) -> None:
    """What a client writes into the header itself never does."""
    from dataclasses import replace

    from django.conf import settings

    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forwarded})

    with override_settings(CONFIG=replace(settings.CONFIG, proxy_count=proxies)):
        assert audit.address_of(request) == expected


def test_owners_read_the_log_of_their_project(project: Project, owner: User, signed_in: SignedIn) -> None:
    """Newest first, fifty a page, and only theirs."""
    for number in range(60):
        audit.record("did", project=project, subject=f"thing {number}")
    audit.record("did", subject="something elsewhere")
    browser = signed_in(owner)

    first = browser.get("/p/shop/settings/audit/")
    second = browser.get(f"/p/shop/settings/audit/?before={first.context['older']}")

    assert [entry.subject for entry, _ in first.context["rows"]] == [f"thing {n}" for n in range(59, 9, -1)]
    assert [entry.subject for entry, _ in second.context["rows"]] == [f"thing {n}" for n in range(9, -1, -1)]
    assert second.context["older"] is None
    assert "elsewhere" not in first.content.decode()


def test_administrators_read_the_whole_log(project: Project, admin: User, signed_in: SignedIn) -> None:
    """Sign-ins too, which belong to no project."""
    Client().post("/accounts/login/", {"login": "nobody@example.com", "password": "x"})

    page = signed_in(admin).get("/settings/audit/").content.decode()

    assert "failed to sign in" in page
    assert "nobody@example.com" in page


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "²"])
def test_a_bad_cursor_shows_the_newest(project: Project, owner: User, before: str, signed_in: SignedIn) -> None:
    """It is no error of ours."""
    assert signed_in(owner).get(f"/p/shop/settings/audit/?before={before}").status_code == 200
