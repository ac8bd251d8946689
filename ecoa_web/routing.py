"""Every WebSocket route."""

from __future__ import annotations

from django.urls import path, re_path

from ecoa_web.live.consumers import LiveConsumer
from ecoa_web.socket_guard import refuse

websocket_urlpatterns = [
    path("ws/live/", LiveConsumer.as_asgi()),
    # No such route: without this one, a traceback in the log.
    re_path(r"", refuse),  # type: ignore[arg-type]  # Django thinks of views
]
