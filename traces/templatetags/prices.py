"""Words and addresses of the pages about cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.http import urlencode

if TYPE_CHECKING:
    from traces.queries.models import ModelRow

register = template.Library()
WORDS = {
    "input": "Input",
    "cache_read": "Cached input",
    "cache_write": "Input written to cache",
    "output": "Output",
    "reasoning": "Reasoning",
}


@register.filter
def bucket(name: str) -> str:
    """A bucket of tokens, in words."""
    return WORDS[name]


@register.filter
def price_query(row: ModelRow) -> str:
    """The parameters with which the prices page fills in a new price for a model."""
    return urlencode({"model": row.model, "provider": row.provider or ""})
