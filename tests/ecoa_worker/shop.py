"""Pipelines for workers in processes of their own. What a step did is told in a file, and a gate lets it end."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from ecoa.agent import agent
from ecoa.orchestrator import Pipeline


def tell(folder: str, word: str) -> None:
    """Add a line to the log."""
    with (Path(folder) / "log").open("a", encoding="utf-8") as log:
        log.write(f"{word} {os.getpid()}\n")


@agent
async def begin(order: dict[str, Any]) -> dict[str, Any]:
    """The step before."""
    tell(order["folder"], "begin")
    return order


@agent
async def wait(order: dict[str, Any]) -> dict[str, Any]:
    """Say that it began, wait for the gate."""
    tell(order["folder"], "wait")
    while not (Path(order["folder"]) / "gate").exists():
        await asyncio.sleep(0.02)
    tell(order["folder"], "waited")
    return order


@agent
async def end(order: dict[str, Any]) -> str:
    """The step after."""
    tell(order["folder"], "end")
    return "shipped"


shop = Pipeline("test-shop", begin, wait, end)


@agent(effect="transactional")
def sell(order: dict[str, Any]) -> str:
    """Write a row through Django; perhaps die before the commit."""
    from ecoa_web.accounts.models import Project

    Project.objects.create(slug=order["slug"], name="sold")
    tell(order["folder"], "sell")
    if order["dies"] == "before" and not (Path(order["folder"]) / "gate").exists():
        os._exit(9)
    return str(order["slug"])


sales = Pipeline("test-sales", sell)
