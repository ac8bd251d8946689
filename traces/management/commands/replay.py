"""Rebuild derived rows from the inbox."""

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


class Command(BaseCommand):
    """`manage.py replay [--project SLUG] [--no-wait]`."""

    help = "Rebuild spans, traces, rollups and ledger from the stored request bodies. Workers must run."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--project", help="only this project (its slug)")
        parser.add_argument("--no-wait", action="store_true", help="return once the batches are queued")

    def handle(self, *, project: str | None, no_wait: bool, **_: Any) -> None:  # Any: Django's own options
        from traces.store.replay import newest_job, replay

        project_id = _project_id(project)
        with psycopg.connect(direct_conninfo(settings.CONFIG), autocommit=True) as conn:
            batches, spans = replay(conn, project_id=project_id)
            self.stdout.write(f"{batches:,} batches with {spans:,} spans wait to be stored again.")
            job = newest_job(conn, project_id)
            if job is not None and not no_wait:
                self._watch(conn, job.id)

    def _watch(self, conn: psycopg.Connection, job_id: int) -> None:
        """Show what is left until nothing is. Ending this does not end the replay."""
        from traces.store.replay import job_of

        while (job := job_of(conn, job_id)).state == "running":
            self.stdout.write(f"{job.done:,} of {job.spans:,} spans stored")
            time.sleep(SHOW_EVERY_S)
        self.stdout.write("Done.")


def _project_id(slug: str | None) -> int | None:
    if slug is None:
        return None
    project = Project.objects.filter(slug=slug).first()
    if project is None:
        raise CommandError(f"there is no project “{slug}”")
    return project.pk
