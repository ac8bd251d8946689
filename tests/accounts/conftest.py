"""The cast of these tests: an administrator, a project's owner and viewer, and an outsider who may see nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from ecoa_web.accounts.models import Membership, Project, Role, User

SignedIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()  # rate limits of sign-in


class CheapArgon2(Argon2PasswordHasher):
    """The same algorithm at a thousandth of its cost: these tests sign in many times."""

    time_cost, memory_cost, parallelism = 1, 8, 1


@pytest.fixture(autouse=True)
def _cheap_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.{CheapArgon2.__name__}"]


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@example.com")


@pytest.fixture
def owner(project: Project) -> User:
    return make_member(project, "owner@example.com", role=Role.OWNER)


@pytest.fixture
def viewer(project: Project) -> User:
    return make_member(project, "viewer@example.com", role=Role.VIEWER)


@pytest.fixture
def outsider(db: None) -> User:
    """Owns a project of their own, and is nobody in the others."""
    return make_member(Project.objects.create(slug="elsewhere", name="Elsewhere"), "out@example.com", role=Role.OWNER)


@pytest.fixture
def signed_in() -> SignedIn:
    return browser_of


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_member(project: Project, email: str, *, role: Role) -> User:
    user = User.objects.create_user(email)
    Membership.objects.create(user=user, project=project, role=role)
    return user
