"""Reports in the database: the page shows the last one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from pipelines.simulation.report import Report

KEPT = 50


@dataclass(frozen=True, slots=True)
class Stored:
    """A report and when it was made."""

    ran_at: datetime
    report: Report


def store(made: Report) -> None:
    """Keep it; the oldest beyond fifty are forgotten."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO pipelines_simulation (report) VALUES (%s)", [json.dumps(made)])
        cursor.execute(
            "DELETE FROM pipelines_simulation"
            " WHERE id NOT IN (SELECT id FROM pipelines_simulation ORDER BY id DESC LIMIT %s)",
            [KEPT],
        )


def last() -> Stored | None:
    """The newest."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ran_at, report FROM pipelines_simulation ORDER BY id DESC LIMIT 1")
        row = cursor.fetchone()
    return None if row is None else Stored(row[0], row[1] if isinstance(row[1], dict) else json.loads(row[1]))
