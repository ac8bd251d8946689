"""Price stored calls again."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ecoa_web.accounts.models import Project
from ecoa_web.db.dsn import direct_conninfo

SHOW_EVERY_S = 2.0
WAITING = (
    "SELECT count(*), coalesce(sum(traces), 0), coalesce(sum(done), 0) FROM traces_reprice WHERE finished_at IS NULL"
)


class Command(BaseCommand):
    """`manage.py reprice [--project SLUG] [--no-wait]`."""

    help = "Price stored model calls by the prices of now, as after an update of genai-prices. Workers must run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="only this project (its slug)")
        parser.add_argument("--no-wait", action="store_true", help="return once it is asked for")

    def handle(self, *, project: str | None, no_wait: bool, **_: Any) -> None:  # Any: Django's own options
        from traces.prices.reprice import ask

        projects = Project.objects.filter(slug=project) if project else Project.objects.all()
        if project and not projects:
            raise CommandError(f"there is no project “{project}”")
        with psycopg.connect(direct_conninfo(settings.CONFIG), autocommit=True) as conn:
            for one in projects:
                ask(conn, one.pk, reason="all stored calls", by="manage.py reprice")
            self.stdout.write(f"Asked for {len(projects)} project{'' if len(projects) == 1 else 's'}.")
            if not no_wait:
                self._watch(conn)

    def _watch(self, conn: psycopg.Connection) -> None:
        """Show what is left until nothing is. Ending this does not end the work."""
        while True:
            row = conn.execute(WAITING).fetchone()
            if row is None or not row[0]:
                break
            self.stdout.write(f"{row[2]:,} of {row[1]:,} traces")
            time.sleep(SHOW_EVERY_S)
        self.stdout.write("Done.")
