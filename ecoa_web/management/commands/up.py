"""Start and supervise everything on this machine."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ecoa_web.supervisor.terminal import Terminal
from ecoa_web.supervisor.up import up


class Command(BaseCommand):
    """`manage.py up [--demo]`."""

    help = "Start PostgreSQL, the web server, the OTLP receiver and the workers, and keep them running."
    requires_system_checks = ()  # they take longer than the start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="also run an example shop that sends traces")
        parser.add_argument("--seed", type=int, help="make the example shop's traffic repeatable")

    def handle(self, *, demo: bool, seed: int | None, **_: Any) -> None:  # Any: Django's own options
        up(settings.CONFIG, demo=demo, seed=seed, terminal=Terminal())
