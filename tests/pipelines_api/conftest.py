"""The cast: a project with a paused run, an editor, reviewers and a viewer of it, machines with a key, outsiders."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from ecoa_web.accounts.keys import new_key
from ecoa_web.accounts.models import Membership, Project, Role, Scope, User
from tests.reviews.stored import Asked, ask


@dataclass(frozen=True)
class Caller:
    """Somebody who calls the API: signed in, or with a key."""

    client: Client
    headers: dict[str, str]

    def get(self, path: str, *, code: int = 200, **asked: object) -> Any:
        """The JSON of an answer, whose status is as expected."""
        return _checked(self.client.get(f"/api/v1/{path}", asked, headers=self.headers), code)  # type: ignore[arg-type]  # str() of any value

    def post(self, path: str, body: object = None, *, code: int = 200, **headers: str) -> Any:
        """The JSON of an answer, whose status is as expected."""
        answer = self.client.post(
            f"/api/v1/{path}",
            json.dumps({} if body is None else body),
            content_type="application/json",
            headers={**self.headers, **headers},
        )
        return _checked(answer, code)


def _checked(answer: Any, code: int) -> Any:
    assert answer.status_code == code, answer.content
    return json.loads(answer.content)


def person(project: Project, email: str, role: Role) -> Caller:
    user = User.objects.create_user(email)
    Membership.objects.create(user=user, project=project, role=role)
    client = Client()
    client.force_login(user)
    return Caller(client, {})


def machine(project: Project, *scopes: Scope) -> Caller:
    key = new_key(project, name="deploy", scopes=scopes, by=None)[1]
    return Caller(Client(), {"Authorization": f"Bearer {key}"})


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def ann(project: Project) -> Caller:
    """A reviewer."""
    return person(project, "ann@example.com", Role.REVIEWER)


@pytest.fixture
def bob(project: Project) -> Caller:
    """Another reviewer."""
    return person(project, "bob@example.com", Role.REVIEWER)


@pytest.fixture
def editor(project: Project) -> Caller:
    return person(project, "ed@example.com", Role.EDITOR)


@pytest.fixture
def viewer(project: Project) -> Caller:
    return person(project, "vera@example.com", Role.VIEWER)


@pytest.fixture
def outsider(db: None) -> Caller:
    """An owner of another project."""
    return person(Project.objects.create(slug="elsewhere", name="Elsewhere"), "eve@example.com", Role.OWNER)


@pytest.fixture
def asked(project: Project) -> Asked:
    """A run that waits for a reviewer."""
    return ask(project.pk)
