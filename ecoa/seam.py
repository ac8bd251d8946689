"""Where a framework hooks in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

# Runs a transactional agent so that its writes and the word that it is done are one commit. Set by the Django app
# `pipelines`; None: the agent commits by itself.
transaction: Callable[[Callable[[], Any]], Awaitable[Any]] | None = None
