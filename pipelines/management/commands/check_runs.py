"""Say which unfinished runs the code of now could not continue."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from ecoa.graph import registry
from pipelines.queries.unfinished import Stuck, stuck_runs

if TYPE_CHECKING:
    from argparse import ArgumentParser

MOST_LINES = 200


class Command(BaseCommand):
    """`manage.py check_runs`: before a deploy, in CI, with the new code and the database of the old one."""

    help = "List paused and running runs that the pipelines of ECOA_PIPELINES could not continue; exit 1 if any."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("modules", nargs="*", help="modules with pipelines; by default ECOA_PIPELINES")

    def handle(self, *, modules: list[str], **_: Any) -> None:  # Any: Django's own options
        named = modules or [name.strip() for name in os.environ.get("ECOA_PIPELINES", "").split(",") if name.strip()]
        if not named:
            raise CommandError("Name the modules that have the pipelines, here or in ECOA_PIPELINES.")
        try:
            known = registry.load(named)
        except ImportError as cause:
            raise CommandError(f"{cause.name} cannot be imported: {cause}") from cause
        counts: Counter[str] = Counter()
        for stuck in stuck_runs():
            counts[stuck.pipeline] += 1
            if counts.total() <= MOST_LINES:
                self.stdout.write(_line(stuck))
        if counts.total() > MOST_LINES:
            self.stdout.write(f"… and {counts.total() - MOST_LINES:,} more")
        for pipeline, count in counts.items():
            self.stdout.write(
                self.style.ERROR(f"{pipeline}: {count:,} {'step' if count == 1 else 'steps'} could not go on")
            )
        if counts:
            sys.exit(1)
        self.stdout.write(f"Every unfinished run can go on under these: {', '.join(sorted(known)) or 'no pipelines'}.")


def _line(stuck: Stuck) -> str:
    return f"{stuck.project}  {stuck.pipeline}  {stuck.run_id}  {stuck.status}  {stuck.path}: {'; '.join(stuck.why)}"
