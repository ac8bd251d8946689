"""simulate: the same day under a naive chain and under the engine, in virtual time; prints the figures."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, ProgrammingError

from pipelines.simulation.report import Asked, report
from pipelines.simulation.stored import store
from pipelines.simulation.words import text_of


class Command(BaseCommand):
    """The table of uptime, latency, errors and duplicates, made anew."""

    help = "Simulate a day with the naive chain and with the engine under the same faults, and print the figures."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="the first seed (1)")
        parser.add_argument("--seeds", type=int, default=1, metavar="N", help="so many seeds, with 95 %% intervals (1)")
        parser.add_argument("--days", type=float, default=1.0, help="days a seed (1)")
        parser.add_argument("--ablation", action="store_true", help="what each part is worth, over three seeds")
        parser.add_argument("--sweep", action="store_true", help="half to three times the faults")
        parser.add_argument("--claims", action="store_true", help="breakers and throughput, jitter, timeouts")
        parser.add_argument("--check", action="store_true", help="fail when a goal is not met")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--no-store", action="store_true", help="do not keep the report for the page")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["seeds"] < 1 or not 0 < options["days"] <= 30:
            raise CommandError("--seeds is at least 1, --days above 0 and at most 30")
        asked = Asked(
            seeds=range(options["seed"], options["seed"] + options["seeds"]),
            days=options["days"],
            ablation=options["ablation"],
            sweep=options["sweep"],
            claims=options["claims"],
        )
        began = time.monotonic()
        made = {**report(asked, told=self._told), "took": round(time.monotonic() - began, 1)}
        self.stdout.write(json.dumps(made) if options["json"] else text_of(made))
        if not options["no_store"]:
            self._store(made)
        missed = [goal["what"] for goal in made["goals"] if not goal["met"]]
        if options["check"] and missed:
            raise CommandError(f"not met: {', '.join(missed)}")

    def _told(self, progress: str) -> None:
        self.stderr.write(progress)

    def _store(self, made: dict[str, Any]) -> None:
        try:
            store(made)
        except (OperationalError, ProgrammingError) as error:
            self.stderr.write(f"The report was not kept for the page: {str(error).splitlines()[0]}")
