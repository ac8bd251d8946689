"""The cast: a project with one stored trace, a machine that may read it, one that may only send, and an outsider."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from ecoa_web.accounts.keys import new_key
from ecoa_web.accounts.models import Project, Scope
from tests.builders import Sent, send


@dataclass(frozen=True)
class Api:
    """A machine with a key."""

    key: str

    def get(self, path: str, *, status: int = 200, headers: dict[str, str] | None = None, **asked: object) -> Any:
        """The JSON of an answer, whose status is as expected."""
        answer = self.raw(path, headers=headers, **asked)
        assert answer.status_code == status, answer.content
        return json.loads(answer.content)

    def raw(self, path: str, *, headers: dict[str, str] | None = None, **asked: object) -> Any:
        """The answer itself."""
        sent = {"Authorization": f"Bearer {self.key}"} | (headers or {})
        return Client().get(f"/api/v1/{path}", asked, headers=sent)  # type: ignore[arg-type]  # str() of any value


def api_of(project: Project, *scopes: Scope) -> Api:
    return Api(new_key(project, name="test", scopes=scopes, by=None)[1])


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")


@pytest.fixture
def api(project: Project) -> Api:
    return api_of(project, Scope.READ)


@pytest.fixture
def sender(project: Project) -> Api:
    return api_of(project, Scope.INGEST)


@pytest.fixture
def outsider(db: None) -> Api:
    """Reads a project of its own, and nothing of others."""
    return api_of(Project.objects.create(slug="elsewhere", name="Elsewhere"), Scope.READ)


@pytest.fixture
def order(project: Project) -> str:
    """The id of a stored trace: an agent that asks a model and calls a tool that fails twice."""
    return send(project.pk, ORDER)


CONVERSATION = {"gen_ai.conversation.id": "conv-1", "user.id": "ada"}
CHAT: dict[str, str | int | float | bool] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.response.model": "gpt-5-mini-2025-08-07",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 30,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.reasoning.output_tokens": 5,
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "Where is my order?"}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "On its way."}], "finish_reason": "stop"}]
    ),
}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "refund"}
ORDER = [
    Sent(
        name="invoke_workflow order",
        id=1,
        duration_ms=1000,
        attributes={"gen_ai.operation.name": "invoke_workflow", **CONVERSATION},
    ),
    Sent(
        name="invoke_agent triage",
        id=2,
        parent=1,
        start_ms=100,
        duration_ms=800,
        attributes={"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "triage", **CONVERSATION},
    ),
    Sent(name="chat gpt-5-mini", id=3, parent=2, start_ms=150, duration_ms=300, attributes=CHAT),
    Sent(
        name="execute_tool refund",
        id=4,
        parent=2,
        start_ms=500,
        duration_ms=100,
        attributes={**TOOL, "customer.tier": "gold", "retries": 2},
        error="PaymentError",
    ),
    Sent(
        name="execute_tool refund",
        id=-5,  # an id whose first bit is set
        parent=2,
        start_ms=650,
        duration_ms=200,
        attributes=TOOL,
        error="PaymentError",
    ),
]
