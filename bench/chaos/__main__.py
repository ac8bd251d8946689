"""
python -m bench.chaos [--orders 10000] [--minutes 15] [--workers 3] [--seed 1]

Ends with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import sys

from bench.chaos.play import play


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = play(orders=options.orders, seconds=60 * options.minutes, workers=options.workers, seed=options.seed)
    print(outcome.report())
    sys.exit(bool(outcome.broken))


if __name__ == "__main__":
    main()
