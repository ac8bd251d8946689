"""Start and supervise everything on this machine. manage.py takes the short way to the same, without Django."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ecoa_web.supervisor.command import add_arguments
from ecoa_web.supervisor.terminal import Terminal
from ecoa_web.supervisor.up import up


class Command(BaseCommand):
    """`manage.py up [--demo]`."""

    help = "Start PostgreSQL, the web server, the OTLP receiver and the workers, and keep them running."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *, demo: bool, seed: int | None, **_: Any) -> None:  # Any: Django's own options
        up(settings.CONFIG, demo=demo, seed=seed, terminal=Terminal())
