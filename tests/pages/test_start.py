"""Get started: lines to paste with a key that is shown once, and a page that notices the first span by itself."""

from __future__ import annotations

import re
from dataclasses import replace

from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from ecoa_web.accounts.keys import find_key
from ecoa_web.accounts.models import ApiKey, Project, Scope
from tests.pages.conftest import call

ADDRESS = "/p/shop/start/"


def test_an_owner_makes_a_key_and_finds_it_in_every_snippet(project: Project, owner: Client) -> None:
    """It may only send, is in the answer to the click, works, and is nowhere afterwards."""
    answer = owner.post(ADDRESS)
    page = answer.content.decode()

    secret = re.findall(r"ecoa_[\w-]{43}", page)
    assert len(set(secret)) == 1
    info = find_key(secret[0])
    assert info is not None
    assert info.project_id == project.pk
    assert (info.allows(Scope.INGEST), info.allows(Scope.READ)) == (True, False)
    assert answer.headers["Cache-Control"] == "no-store"
    assert secret[0] not in owner.get(ADDRESS).content.decode()


def test_a_viewer_reads_the_lines_but_makes_no_key(project: Project, viewer: Client) -> None:
    """The page says whom to ask."""
    assert "an owner of the project can make one" in viewer.get(ADDRESS).content.decode()
    assert viewer.post(ADDRESS).status_code == 403
    assert not ApiKey.objects.exists()


def test_the_lines_hold_the_address(project: Project, viewer: Client) -> None:
    """For the environment, Python, Node and curl."""
    page = viewer.get(ADDRESS).content.decode()

    assert "export OTEL_EXPORTER_OTLP_ENDPOINT=http" in page
    assert all(word in page for word in ("OTLPSpanExporter", "NodeSDK", "curl http", "YOUR_KEY"))


def test_the_port_for_grpc_is_the_one_that_listens(project: Project, viewer: Client, settings: Settings) -> None:
    """An operator may have chosen another."""
    settings.CONFIG = replace(settings.CONFIG, otlp_grpc_port=24317)

    assert "24317" in viewer.get(ADDRESS).content.decode()


def test_waiting_turns_into_a_link_when_the_first_span_is_here(project: Project, viewer: Client) -> None:
    """The part that the page pulls changes from waiting to the trace itself."""
    before = viewer.get(ADDRESS, {"part": "status"}).content.decode()
    trace_id = call(project, "hello")
    after = viewer.get(ADDRESS, {"part": "status"}).content.decode()

    assert "Waiting for the first span" in before
    assert "Spans arrive" in after
    assert reverse("trace", args=["shop", trace_id]) in after
    assert "<html" not in after
