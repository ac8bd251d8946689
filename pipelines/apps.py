from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    name = "pipelines"
    verbose_name = "Pipelines"

    def ready(self) -> None:
        from ecoa import seam

        seam.transaction = _in_transaction


async def _in_transaction(call: Callable[[], Any]) -> Any:  # Any: what the agent answers
    from pipelines.transactional import in_transaction  # the engine is imported where it runs

    return await in_transaction(call)
