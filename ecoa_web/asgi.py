"""The web process: pages and API by Django, sockets by Channels, OTLP by the receiver's own ASGI callable."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")
django_app = get_asgi_application()  # sets Django up; what follows imports models

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import OriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.conf import settings  # noqa: E402

from ecoa_web.routing import websocket_urlpatterns  # noqa: E402
from ecoa_web.socket_guard import known_host  # noqa: E402
from traces.receiver.app import ReceiverApp, is_receiver_path  # noqa: E402

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

receiver = ReceiverApp(settings.CONFIG)


async def http(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """OTLP paths go to the receiver, past Django: no middleware, no redirect, no HTML error may touch them."""
    app = receiver if is_receiver_path(scope["path"]) else django_app
    await app(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": known_host(
            OriginValidator(SessionMiddlewareStack(URLRouter(websocket_urlpatterns)), settings.CSRF_TRUSTED_ORIGINS)
        ),
    }
)
