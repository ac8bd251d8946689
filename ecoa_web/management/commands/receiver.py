"""Run the OTLP receiver."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ecoa_web.logs import configure_logs
from ecoa_web.supervisor.lifeline import hold_lifeline
from ecoa_web.supervisor.preflight import check_bind


class Command(BaseCommand):
    """`manage.py receiver`."""

    help = "Receive OTLP over HTTP and gRPC."
    requires_system_checks = ()  # they take longer than the start

    def handle(self, **_: Any) -> None:  # Any: Django's own options
        configure_logs(settings.CONFIG.log_level)
        hold_lifeline()
        check_bind(settings.CONFIG)
        from traces.receiver.server import serve

        serve(settings.CONFIG)
