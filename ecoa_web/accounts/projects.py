"""Projects: create, rename, delete."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from ecoa_web.accounts.models import Membership, Project, Role, User

SLUG = 50


def may_create(user: User) -> bool:
    """Administrators, and whoever owns a project already."""
    return user.is_superuser or Membership.objects.filter(user=user, role=Role.OWNER).exists()


def create_project(name: str, *, owner: User) -> Project:
    """Make a project under an address of its own; its maker owns it."""
    wanted = slugify(name)[: SLUG - 5].strip("-_") or "project"
    for number in range(1, 1000):
        slug = wanted if number == 1 else f"{wanted}-{number}"
        try:
            with transaction.atomic():
                project = Project.objects.create(slug=slug, name=name)
                Membership.objects.create(user=owner, project=project, role=Role.OWNER)
                return project
        except IntegrityError:
            continue  # taken
    raise ValueError(f"a thousand projects are called {name!r}")


def rename_project(project: Project, name: str) -> None:
    """Change what a project is called; its address stays, so that links go on working."""
    project.name = name
    project.save(update_fields=["name"])


def delete_project(project: Project) -> None:
    """Remove a project with its members and keys. What it measured ends with retention and is seen by nobody."""
    project.delete()
