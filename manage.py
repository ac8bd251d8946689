#!/usr/bin/env python
"""Run ECOA's commands: `up`, `web`, `receiver`, `worker` and Django's own."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run one command; what an operator can mend is one sentence, not a traceback."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")

    from django.core.management import execute_from_command_line
    from environs import EnvError

    from ecoa_web.errors import OperatorError

    try:
        execute_from_command_line(sys.argv)
    except (EnvError, OperatorError) as error:
        sys.exit(f"ecoa: {error}")


if __name__ == "__main__":
    main()
