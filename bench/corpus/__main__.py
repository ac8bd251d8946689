"""Write a corpus: python -m bench.corpus DIR [--spans 200000] [--seed 1]."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench.corpus.files import recent_base_ns, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-request", type=int, default=200)
    parser.add_argument("--base-ns", type=int, default=recent_base_ns(), help="start of the first trace")
    args = parser.parse_args()
    write(args.folder, spans=args.spans, seed=args.seed, per_request=args.per_request, base_ns=args.base_ns)


if __name__ == "__main__":
    main()
