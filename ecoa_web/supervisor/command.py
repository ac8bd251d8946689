"""The command line of `manage.py up`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence

from ecoa_web.config import read_config
from ecoa_web.supervisor.terminal import Terminal
from ecoa_web.supervisor.up import up


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `up`."""
    parser.add_argument("--demo", action="store_true", help="also run an example shop that sends traces")
    parser.add_argument("--seed", type=int, help="make the example shop's traffic repeatable")


def run(arguments: Sequence[str]) -> None:
    """Parse and run."""
    parser = ArgumentParser(prog="manage.py up", description="Start everything on this machine and keep it running.")
    add_arguments(parser)
    options = parser.parse_args(arguments)
    up(read_config(), demo=options.demo, seed=options.seed, terminal=Terminal())
