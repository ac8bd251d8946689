"""Tell open pages that something changed: one NOTIFY a flush, sent outside the transaction that wrote.

A NOTIFY inside a writing transaction serialises all commits on one lock; a hint that is lost or late costs freshness
only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import psycopg
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings

CHANNEL = "ecoa_live"
PROJECTS_A_NOTIFY = 200  # a payload must stay under 8,000 bytes


def group(project_id: int) -> str:
    """The channel-layer group of the pages that look at a project."""
    return f"project-{project_id}"


def hint(project_id: int, cursor: int) -> dict[str, Any]:  # a Channels message
    """The message that says: project changed, as of cursor."""
    return {"type": "hint", "project": project_id, "cursor": cursor}


def publish(conn: psycopg.Connection[Any], project_ids: Iterable[int]) -> None:
    """Hint that these projects changed. `conn` must not be in a transaction. The cursor is milliseconds since 1970."""
    cursor = time.time_ns() // 1_000_000
    projects = sorted(set(project_ids))
    if settings.CONFIG.redis_url:
        layer = get_channel_layer()
        for project_id in projects:
            async_to_sync(layer.group_send)(group(project_id), hint(project_id, cursor))
        return
    for start in range(0, len(projects), PROJECTS_A_NOTIFY):
        payload = json.dumps({"cursor": cursor, "projects": projects[start : start + PROJECTS_A_NOTIFY]})
        conn.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
