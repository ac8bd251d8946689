"""What the API says of real clients' traffic does not depend on how it arrived."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from ecoa_web.accounts.models import Project, Scope
from tests.api.conftest import Api, api_of
from tests.store.captured import NAMES, Piece, expected, requests, singles
from tests.store.house import House
from traces.inbox.batch import Signal
from traces.store.replay import replay

ARRIVAL_MS = 1_795_400_000_000  # after all captured spans, within a day
WINDOW: dict[str, Any] = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-30T00:00:00Z", "limit": 500}


@pytest.mark.slow  # stores each capture six times
@pytest.mark.parametrize("name", NAMES)
def test_any_order_of_arrival_gives_the_same_answers(house: House, db: None, name: str) -> None:
    """As captured, each span by itself in a random order, twice, logs first, children first, and replayed."""
    whole, parts = requests(name), singles(requests(name))
    shuffled = random.Random(1).sample(parts, len(parts))
    ways: dict[str, tuple[list[Piece], int]] = {
        "in one go": (whole, 0),
        "shuffled, settled after each": (shuffled, 1),
        "shuffled, settled too late after each": (shuffled, 2),
        "twice": ([*whole, *parts], 0),
        "logs first": (sorted(whole, key=lambda piece: piece.signal is Signal.TRACES), 1),
        "logs last": (sorted(whole, key=lambda piece: piece.signal is Signal.LOGS), 2),
        "children 20 s before their parents": (parts[::-1], 1),
    }
    has_logs = any(piece.signal is Signal.LOGS for piece in whole)
    first: dict[str, Any] = {}
    for way, (pieces, settling) in ways.items():
        project = Project.objects.create(slug=way.replace(" ", "-").replace(",", ""), name=way)
        api = api_of(project, Scope.READ)
        arrive(house, project.pk, pieces, settling)
        found = answers(api, name, has_logs=has_logs)
        first = first or found
        assert sums(found["models"]["results"]) == expected(name)["tokens_total"], way
        assert found == first, way
        replay(house.conn, project_id=project.pk)
        house.store()
        house.settle(later_ms=10**10)
        assert answers(api, name, has_logs=has_logs) == first, f"{way}, replayed"


def arrive(house: House, project: int, pieces: Iterable[Piece], settling: int) -> None:
    """Store these pieces in a project; settle after each (1: soon, 2: long after) or at the end only (0)."""
    for number, piece in enumerate(pieces):
        at_ms = ARRIVAL_MS + 20_000 * number
        house.receive_body(piece.body, piece.items, project=project, at_ms=at_ms, signal=piece.signal)
        if settling:
            house.store()
            house.settle(later_ms=0 if settling == 1 else 10**10)
    house.store()
    house.settle(later_ms=10**10)


def sums(models: list[dict[str, Any]]) -> dict[str, int]:
    """Tokens of all models."""
    return {field: sum(row[f"{field}_tokens"] or 0 for row in models) for field in ("input", "output")}


def answers(api: Api, name: str, *, has_logs: bool) -> dict[str, Any]:
    """What the API says of a capture: its traces, agents and models; each span whole where logs complete it."""
    found: dict[str, Any] = {"agents": api.get("agents", **WINDOW), "models": api.get("models", **WINDOW)}
    for detail in expected(name)["traces_detail"]:
        path = f"traces/{detail['trace_id']}"
        trace = api.get(path)
        trace.pop("seq")
        found[path] = trace
        if has_logs:
            for span in trace["spans"]:
                found[span["span_id"]] = api.get(f"{path}/spans/{span['span_id']}")
    return found
