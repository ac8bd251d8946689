#!/usr/bin/env python
"""Run ECOA's commands: `up`, `web`, `receiver`, `worker` and Django's own."""

from __future__ import annotations

import os
import sys

from environs import EnvError

from ecoa_web.errors import OperatorError


def main() -> None:
    """Run one command; what an operator can mend is one sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")
    try:
        if sys.argv[1:2] == ["up"]:  # the supervisor stays small: it needs no Django
            from ecoa_web.supervisor.command import run

            run(sys.argv[2:])
        else:
            from django.core.management import execute_from_command_line

            execute_from_command_line(sys.argv)
    except (EnvError, OperatorError) as error:
        sys.exit(f"ecoa: {error}")


if __name__ == "__main__":
    main()
