"""Run a worker."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ecoa_web.logs import configure_logs
from ecoa_web.supervisor.lifeline import hold_lifeline


class Command(BaseCommand):
    """`manage.py worker`."""

    help = "Store what the receivers accepted, and do the periodic work."
    requires_system_checks = ()  # they take longer than the start

    def handle(self, **_: Any) -> None:  # Any: Django's own options
        configure_logs(settings.CONFIG.log_level)
        hold_lifeline()
        from traces.worker import run

        run(settings.CONFIG)
