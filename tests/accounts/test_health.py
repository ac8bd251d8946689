"""Health answers anybody, without details."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client

from ecoa_web import health


def test_the_process_answers_without_the_database() -> None:
    """No query is made: pytest would refuse it."""
    assert Client().get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_ready_means_database_and_migrations() -> None:
    """Both are there in tests."""
    assert Client().get("/readyz").status_code == 200


@pytest.mark.django_db
def test_not_ready_says_no_more_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 when the database is away, without its name or error."""

    def away() -> None:
        raise OperationalError("connection to server at secret-host failed")

    monkeypatch.setattr(connection, "cursor", away)
    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.content == b"not ready\n"


@pytest.mark.django_db
def test_a_waiting_migration_is_not_ready() -> None:
    """A process of a newer release waits until `up` has migrated."""
    health._check_migrations.cache_clear()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts' AND name = '0002_audit_append_only'")

    assert Client().get("/readyz").status_code == 503
