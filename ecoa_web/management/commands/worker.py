"""Run a worker."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from ecoa_web.logs import configure_logs
from ecoa_web.supervisor.lifeline import hold_lifeline


class Command(BaseCommand):
    """`manage.py worker`."""

    help = "Store what the receivers accepted, do the periodic work, and run the pipelines of ECOA_PIPELINES."
    requires_system_checks = ()  # they take longer than the start

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", choices=("spans", "pipelines"), help="do one part of the work (default: both)")
        parser.add_argument("--queue", action="append", dest="queues", metavar="NAME", help="of nodes; may repeat")
        parser.add_argument("--slots", type=int, default=64, help="nodes at a time (default: 64)")

    def handle(self, *, only: str | None, queues: list[str] | None, slots: int, **_: Any) -> None:  # Any: Django's own
        configure_logs(settings.CONFIG.log_level)
        hold_lifeline()
        modules = settings.CONFIG.pipelines
        if only == "pipelines":
            from pipelines.worker import run as run_pipelines

            run_pipelines(modules, queues=queues or ["default"], slots=slots)
            return
        from ecoa_web.supervisor.beside import running_beside
        from pipelines.jobs import JOBS
        from traces.worker import run

        # Pipelines run in a process of their own: agents neither wait for the decoding of spans nor take it down.
        arguments = [*(f"--queue={name}" for name in queues or ()), f"--slots={slots}"]
        with running_beside("worker", "--only=pipelines", *arguments, wanted=bool(modules) and only is None):
            try:
                run(settings.CONFIG, more=[JOBS])
            finally:
                connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's; its threads would hold up the end
