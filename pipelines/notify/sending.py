"""What every channel needs: how sending can end, the address of the page, and what may be said outside of ECOA."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.text import Truncator

from ecoa.edits import plain

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow
    from ecoa_web.accounts.models import Project

MOST_FIELDS = 10
LONGEST_VALUE = 200  # characters


class Later(Exception):
    """It did not work now; it may in `wait` seconds."""

    def __init__(self, message: str, *, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class Skipped(Exception):
    """There is nobody to tell, or nothing to tell them."""


class Failed(Exception):
    """It will never work."""


def page(project: Project, row: ReviewRow) -> str:
    """The address of the page where it is decided, signed in."""
    return f"{settings.CONFIG.base_url}/p/{project.slug}/reviews/{row.id}/"


def safe_fields(row: ReviewRow) -> list[tuple[str, str]]:
    """The fields of the payload that the policy marked as safe to be told outside, cut to a line."""
    payload = plain(json.loads(row.payload))
    named = row.context.get("safe") or ()
    if not isinstance(payload, dict):
        return []
    found = [(name, payload[name]) for name in named if name in payload][:MOST_FIELDS]
    return [(name, line(value if isinstance(value, str) else json.dumps(value))) for name, value in found]


def line(text: str) -> str:
    """A text on one line, cut."""
    return Truncator(" ".join(text.split())).chars(LONGEST_VALUE)
