"""Every WebSocket route."""

from __future__ import annotations

from django.urls import path

from ecoa_web.live.consumers import LiveConsumer

websocket_urlpatterns = [
    path("ws/live/", LiveConsumer.as_asgi()),
]
