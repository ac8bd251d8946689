"""The cast: an owner, an editor, a reviewer and a viewer of a project, and an outsider who owns another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from ecoa_web.accounts.models import Membership, Project, Role, User
from pipelines.verbs import engine


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def editor(project: Project) -> Client:
    return member(project, "ed@example.com", Role.EDITOR)


@pytest.fixture
def reviewer(project: Project) -> Client:
    return member(project, "rob@example.com", Role.REVIEWER)


@pytest.fixture
def other(project: Project) -> Client:
    return member(project, "ann@example.com", Role.REVIEWER)


@pytest.fixture
def viewer(project: Project) -> Client:
    return member(project, "vic@example.com", Role.VIEWER)


@pytest.fixture
def outsider(db: None) -> Client:
    return member(Project.objects.create(slug="elsewhere", name="Elsewhere"), "out@example.com", Role.OWNER)


@pytest.fixture
def engine_store(transactional_db: None) -> Iterator[None]:
    """Verbs of runs commit on the engine's own connections, which are given back."""
    yield
    engine.close()


def member(project: Project, email: str, role: Role) -> Client:
    user = User.objects.create_user(email)
    Membership.objects.create(user=user, project=project, role=role)
    client = Client()
    client.force_login(user)
    return client
