"""What traces do when something happens to a project."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models.signals import post_delete
from django.dispatch import receiver

from ecoa_web.accounts.models import Project
from traces.store.forget import SQL


@receiver(post_delete, sender=Project)
def forget_project(instance: Project, **_: Any) -> None:  # Any: Django's own arguments
    """Have its data deleted, in the transaction that deletes the project."""
    with connection.cursor() as cursor:
        cursor.execute(SQL.mark, {"project": instance.pk})
