"""The cast, and an inbox with a worker to run by hand, all over one project."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from ecoa_web.accounts.models import ApiKey, Membership, Project, Role, User
from tests.builders import conninfo
from tests.store.house import House
from tests.store.spans import Sent, body
from traces.senders.save import save
from traces.store.group import Store
from traces.store.settling import settle_due

HOUR_MS = 3_600_000
OWN_TABLES = "traces_source, traces_unknown_key, traces_mapping, traces_rule, traces_replay_job"
RULE = {"key": "acme.chat", "field": "session", "reader": "", "member": "", "scope": "", "order": "first", "span": ""}


@dataclass
class Plant:
    """A project's inbox and a worker's hands."""

    house: House
    project: Project
    key: ApiKey

    def receive(self, *spans: Sent, service: str = "shop") -> int:
        """Put a batch into the inbox as if it arrived now; its id."""
        return self.receive_body(body(list(spans), service=service), len(spans))

    def receive_body(self, request: bytes, spans: int) -> int:
        return self.house.receive_body(
            request, spans, project=self.project.pk, at_ms=int(time.time() * 1000), key=self.key.pk
        )

    def work(self) -> None:
        """Store what waits, settle, and save who sent it."""
        store = Store(self.house.conn, self.house.keys)
        while store.next_group():
            pass
        save(self.house.conn, store.senders)
        settled = 1
        while settled:
            self.house.conn.execute("UPDATE traces_settle SET due_at = now() - interval '1 second'")
            settled, _ = settle_due(self.house.conn, self.house.keys, now_ms=int(time.time() * 1000) + HOUR_MS)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self.house.rows(query, *parameters)

    def one(self, query: str, *parameters: object) -> Any:
        return self.house.one(query, *parameters)

    def poison(self, *, on: bool) -> None:
        """Let the table refuse spans called poison, or take them again."""
        act = "ADD CONSTRAINT poison CHECK (name <> 'poison')" if on else "DROP CONSTRAINT IF EXISTS poison"
        self.house.conn.execute(f"ALTER TABLE traces_span {act}")


@pytest.fixture
def project(transactional_db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def plant(project: Project) -> Iterator[Plant]:
    key = ApiKey.objects.create(project=project, name="collector", digest=b"x" * 32, prefix="ecoa_abc", scopes=[])
    house = House(conninfo())
    house.conn.execute(f"TRUNCATE {OWN_TABLES}")
    plant = Plant(house, project, key)
    yield plant
    plant.poison(on=False)
    house.conn.execute(f"TRUNCATE {OWN_TABLES}")
    house.conn.close()


@pytest.fixture
def editor(project: Project) -> Client:
    return member(project, "editor@example.com", Role.EDITOR)


@pytest.fixture
def viewer(project: Project) -> Client:
    return member(project, "viewer@example.com", Role.VIEWER)


@pytest.fixture
def outsider(transactional_db: None) -> Client:
    return member(Project.objects.create(slug="elsewhere", name="Elsewhere"), "out@example.com", Role.OWNER)


def member(project: Project, email: str, role: Role) -> Client:
    user = User.objects.create_user(email)
    Membership.objects.create(user=user, project=project, role=role)
    client = Client()
    client.force_login(user)
    return client
