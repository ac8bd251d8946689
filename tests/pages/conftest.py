"""The cast: a project's owner and viewer, an outsider who owns another one, and agents' calls to look at."""

from __future__ import annotations

import pytest
from django.test import Client

from ecoa_web.accounts.models import Membership, Project, Role, User
from tests.builders import Sent, send

MODEL_CALL: dict[str, str | int | float | bool] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.response.model": "gpt-5-mini",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 200,
}


def call(project: Project, agent: str, *, duration_ms: float = 400, error: str | None = None, ago_s: float = 60) -> str:
    """Store a trace of one agent's call that asks a model once; its id."""
    named = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}
    spans = [
        Sent(name=f"invoke_agent {agent}", id=1, duration_ms=duration_ms, attributes=named, error=error),
        Sent(name="chat gpt-5-mini", id=2, parent=1, duration_ms=duration_ms / 2, attributes=MODEL_CALL),
    ]
    return send(project.pk, spans, ago_s=ago_s)


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def owner(project: Project) -> Client:
    return member(project, "owner@example.com", Role.OWNER)


@pytest.fixture
def viewer(project: Project) -> Client:
    return member(project, "viewer@example.com", Role.VIEWER)


@pytest.fixture
def outsider(db: None) -> Client:
    return member(Project.objects.create(slug="elsewhere", name="Elsewhere"), "out@example.com", Role.OWNER)


def member(project: Project, email: str, role: Role) -> Client:
    user = User.objects.create_user(email)
    Membership.objects.create(user=user, project=project, role=role)
    client = Client()
    client.force_login(user)
    return client
