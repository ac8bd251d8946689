#!/usr/bin/env python
"""Run ECOA's commands: `up`, `web`, `receiver`, `worker` and Django's own."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecoa_web.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
