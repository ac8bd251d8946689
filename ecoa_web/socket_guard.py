"""What holds for every WebSocket before its route is looked for: the Host is ours, and there is such a route."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from django.http.request import split_domain_port, validate_host

type Scope = dict[str, Any]  # ASGI's own shapes
type Receive = Callable[[], Awaitable[Any]]
type Send = Callable[[Any], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def known_host(application: Application) -> Application:
    """The application for requests with one Host header that names us; a refusal for others."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        domain = split_domain_port(hosts[0])[0] if len(hosts) == 1 else ""
        chosen = application if domain and validate_host(domain, settings.ALLOWED_HOSTS) else refuse
        await chosen(scope, receive, send)

    return guarded


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """A socket that is not opened: 403."""
    await receive()
    await send({"type": "websocket.close"})
