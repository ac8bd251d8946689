"""
python -m bench.racing [--reviews 20] [--seconds 20] [--kills 8] [--seed 1]

Ten decisions a review, half over the API and half over the page. Ends with 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import sys

from bench.racing.play import play


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.racing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reviews", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20, help="over which the races begin")
    parser.add_argument("--kills", type=int, default=8, help="at most; they end with the last run")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    outcome = play(reviews=options.reviews, seconds=options.seconds, kills=options.kills, seed=options.seed)
    print(outcome.report())
    sys.exit(bool(outcome.broken))


if __name__ == "__main__":
    main()
