"""Bring the database to this version; make the first project, key and administrator where they are missing."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ecoa_web.first_run import first_run
from ecoa_web.logs import configure_logs
from ecoa_web.supervisor.banner import FirstRun
from ecoa_web.supervisor.lifeline import hold_lifeline


class Command(BaseCommand):
    """`manage.py prepare`: what `up` runs before the parts; where they run apart, run it once for each release."""

    help = "Migrate the database under a lock, and print the first key and the set-up link while they are missing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also make a key for the example shop")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *, demo: bool, json: bool, **_: Any) -> None:  # Any: Django's own options
        configure_logs(settings.CONFIG.log_level)
        hold_lifeline()
        first = first_run(settings.CONFIG, demo=demo)
        self.stdout.write(_as_json(first) if json else _as_text(first))


def _as_json(first: FirstRun) -> str:
    return json.dumps(asdict(first))


def _as_text(first: FirstRun) -> str:
    lines = [f"migrations applied: {first.migrations}"]
    if first.key:
        lines.append(f"API key (shown once): {first.key}")
    if first.setup_link:
        lines.append(f"make the first administrator (once, for one hour): {first.setup_link}")
    return "\n".join(lines)
