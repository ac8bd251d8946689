"""Reads a filter's text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.filters.tree import Filter


def parse(text: str) -> Filter | None:
    """The filter a text says; None when it is blank. Raises FilterError with the position of what is wrong."""
    raise NotImplementedError
