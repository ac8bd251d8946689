"""The socket of a page: who gets one, how it ends, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers, get_channel_layer
from django.conf import settings
from django.db import OperationalError
from django.test import Client

from ecoa_web.accounts.models import Membership, Project, Role, User
from ecoa_web.live import consumers
from ecoa_web.live.layer import LatestValueLayer
from ecoa_web.live.listener import listener

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """These sockets get no hints from the database: the listener's own tests have them."""
    monkeypatch.setattr(listener, "ensure_started", lambda: None)


@pytest.fixture(autouse=True)
def layer() -> Iterator[LatestValueLayer]:
    """A channel layer of its own."""
    fresh = LatestValueLayer()
    before = channel_layers.set("default", fresh)
    yield fresh
    channel_layers.set("default", before)


@pytest.fixture
def member() -> dict[str, Any]:
    """A viewer of the project "shop": the scope of their page's socket."""
    user = User.objects.create_user("viewer@example.org", "a long password")
    Membership.objects.create(user=user, project=Project.objects.create(slug="shop", name="Shop"), role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return scope(cookie=cookie)


def scope(*, cookie: str = "", host: str = "localhost", path: str = "/ws/live/") -> dict[str, Any]:
    origin = settings.CSRF_TRUSTED_ORIGINS[0]
    headers = {"host": host, "origin": origin, "cookie": cookie}
    return {
        "type": "websocket",
        "path": path,
        "query_string": b"project=shop",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
    }


@asynccontextmanager
async def socket(of: dict[str, Any]) -> AsyncIterator[Any]:
    from ecoa_web.asgi import application

    communicator: Any = ApplicationCommunicator(application, of)  # type: ignore[no-untyped-call]  # asgiref's
    await communicator.send_input({"type": "websocket.connect"})
    yield communicator
    await communicator.send_input({"type": "websocket.disconnect", "code": 1001})
    await communicator.wait()


async def test_a_page_that_sends_anything_stays_connected(member: dict[str, Any], layer: LatestValueLayer) -> None:
    """Bytes and nothing at all count as a sign of life, like every message."""
    async with socket(member) as page:
        assert (await page.receive_output())["type"] == "websocket.accept"
        await page.send_input({"type": "websocket.receive", "bytes": b"\x00\x01"})
        await page.send_input({"type": "websocket.receive", "text": ""})
        (group,) = layer.groups()
        await layer.group_send(group, {"type": "hint", "project": 1, "cursor": 7})

        assert (await page.receive_output())["text"] == '{"type": "hint", "project": 1, "cursor": 7}'


async def test_a_page_that_sends_too_much_is_closed(member: dict[str, Any]) -> None:
    """Pages have nothing to say; a flood ends the socket."""
    async with socket(member) as page:
        await page.receive_output()
        for _ in range(consumers.CLIENT_MESSAGES_A_MINUTE + 1):
            await page.send_input({"type": "websocket.receive", "text": "{}"})

        assert await page.receive_output() == {"type": "websocket.close", "code": consumers.TOO_MUCH}


async def test_a_socket_that_breaks_leaves_nothing_behind(member: dict[str, Any], layer: LatestValueLayer) -> None:
    """Cancelled in the middle, it is in no group any more."""
    from ecoa_web.asgi import application

    page: Any = ApplicationCommunicator(application, member)  # type: ignore[no-untyped-call]  # asgiref's
    await page.send_input({"type": "websocket.connect"})
    await page.receive_output()
    assert layer.groups()

    page.future.cancel()
    await asyncio.gather(page.future, return_exceptions=True)

    assert layer.groups() == []
    assert layer._mailboxes == {}


async def test_a_lost_membership_ends_an_open_socket(member: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A page keeps its socket no longer than its right to see the project."""
    monkeypatch.setattr(consumers, "RECHECK_S", 0.01)
    async with socket(member) as page:
        await page.receive_output()
        await sync_to_async(Membership.objects.all().delete)()

        assert await page.receive_output() == {"type": "websocket.close", "code": consumers.NOT_ALLOWED}


async def test_without_a_database_a_page_is_told_to_come_back(
    member: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may see what cannot be told then: the socket ends, rather than going on unchecked for ever."""
    monkeypatch.setattr(consumers, "RECHECK_S", 0.01)
    async with socket(member) as page:
        await page.receive_output()
        monkeypatch.setattr(consumers.LiveConsumer, "_visible", _without_database)

        assert await page.receive_output() == {"type": "websocket.close", "code": consumers.TRY_LATER}


async def test_when_no_hints_come_pages_are_told(
    member: dict[str, Any], layer: LatestValueLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open sockets end when the listener has lost the database, and new ones are refused without asking it."""
    async with socket(member) as page:
        await page.receive_output()
        (group,) = layer.groups()
        await get_channel_layer().group_send(group, {"type": "lost"})

        assert await page.receive_output() == {"type": "websocket.close", "code": consumers.TRY_LATER}

    monkeypatch.setattr(listener, "lost", True)
    monkeypatch.setattr(consumers.LiveConsumer, "_visible", _without_database)
    async with socket(member) as page:
        assert (await page.receive_output())["type"] == "websocket.close"


@pytest.mark.parametrize(
    "change", [{"host": "evil.example"}, {"host": ""}, {"path": "/ws/other/"}, {"path": "/ws/live/more/"}]
)
async def test_a_foreign_host_and_an_unknown_route_are_refused(change: dict[str, str]) -> None:
    """As a foreign origin is, and without a traceback in the log."""
    async with socket(scope(**change)) as page:
        assert (await page.receive_output())["type"] == "websocket.close"


def _without_database(self: object, slug: str) -> None:
    raise OperationalError("the connection is lost")
