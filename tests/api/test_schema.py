"""The API's own description."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.test import Client
from drf_spectacular.validation import validate_schema

from ecoa_web.accounts.models import Membership, Project, User
from tests.api.conftest import Api
from traces.api.docs import openapi

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def test_the_committed_schema_is_current() -> None:
    """docs/openapi.yaml is what the code says: `manage.py spectacular --file docs/openapi.yaml` writes it."""
    assert yaml.safe_load(COMMITTED.read_text(encoding="utf-8")) == openapi()


def test_the_schema_is_valid_openapi() -> None:
    """As OpenAPI's own schema judges."""
    validate_schema(openapi())  # type: ignore[no-untyped-call]


def test_the_schema_is_served_to_who_has_a_key(api: Api) -> None:
    """As JSON, with every route of the API."""
    assert "/api/v1/traces/{trace_id}/spans/{span_id}" in api.get("schema/")["paths"]


def test_an_answer_has_the_fields_that_the_schema_names(api: Api, order: str) -> None:
    """Lists, details and figures alike: no field more, none less."""
    for path, name in (
        (f"traces/{order}", "TraceDetail"),
        (f"traces/{order}/skeleton", "Skeleton"),
        (f"traces/{order}/conversation", "Conversation"),
        (f"traces/{order}/agents", "CompactTrace"),
        (f"traces/{order}/spans/0000000000000003", "WholeSpan"),
        ("ingest", "Ledger"),
    ):
        assert set(api.get(path)) == fields_of(name)
    for path, name in (("traces", "Trace"), ("agents", "Agent"), ("latency", "Latency"), ("models", "Model")):
        assert set(api.get(path)["results"][0]) == fields_of(name)
    assert set(api.get(f"traces/{order}")["spans"][0]) == fields_of("Span")
    assert set(api.get(f"traces/{order}/skeleton")["columns"]) == fields_of("SkeletonColumns")


@pytest.mark.django_db
def test_the_docs_need_a_sign_in() -> None:
    """A stranger is sent to sign in."""
    assert Client().get("/api/docs/").status_code == 302


def test_the_docs_show_every_route_without_a_script_of_their_own(project: Project) -> None:
    """Each path, its parameters and its fields, under the policy of every page."""
    person = User.objects.create_user("ada@example.com")
    Membership.objects.create(user=person, project=project)
    browser = Client()
    browser.force_login(person)

    answer = browser.get("/api/docs/")

    page = answer.content.decode()
    assert all(path in page for path in openapi()["paths"])
    assert "results[].critical_share" in page
    assert " style=" not in page
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


def fields_of(name: str) -> set[str]:
    return set(openapi()["components"]["schemas"][name]["properties"])
