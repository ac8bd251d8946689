"""Reviewers who sign in, and reviewers' keys, made in a stack's database: python -m bench.racing.cast PEOPLE"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from bench.stack import PASSWORD, Stack
from tests.platform.running import PROJECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who decides: names of people, and secrets of keys by the name that history gives them."""

    people: list[str]
    keys: dict[str, str]


def cast_of(stack: Stack, people: int) -> Cast:
    """So many of both in the default project of a running stack."""
    assert stack.up and stack.data
    dsn = f"postgresql://ecoa@/ecoa?host={stack.data / 'run'}"
    made = subprocess.run(
        [sys.executable, "-m", "bench.racing.cast", str(people)],
        cwd=PROJECT,
        env={**stack.up.environment, "DATABASE_URL": dsn, "DJANGO_SETTINGS_MODULE": "ecoa_web.settings"},
        check=True,
        stdout=subprocess.PIPE,
    )
    return Cast(**json.loads(made.stdout))


def main() -> None:
    import django

    django.setup()
    from ecoa_web.accounts.keys import new_key
    from ecoa_web.accounts.models import Membership, Project, Role, Scope, User

    project = Project.objects.get(slug="default")
    names = [f"person-{number}@example.org" for number in range(int(sys.argv[1]))]
    for name in names:
        user = User.objects.create_user(name, PASSWORD)
        Membership.objects.create(user=user, project=project, role=Role.REVIEWER)
    keys = {
        f"key robot-{number}": new_key(project, name=f"robot-{number}", scopes=[Scope.REVIEW], by=None)[1]
        for number in range(len(names))
    }
    json.dump({"people": names, "keys": keys}, sys.stdout)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")
    main()
