"""
Load a running ECOA and print what it does:

    python -m bench.run [--spans 200000] [--rate 12000] [--runs 3]
    python -m bench.run --base http://127.0.0.1:4318 --web http://127.0.0.1:8000 --key KEY [--pid PID] [--data FOLDER]

Without --base every run starts its own stack on an empty data folder. Exits 1 when a figure of the API is wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import machine
from bench.corpus.files import corpus
from bench.measure import Result, measure, medians
from bench.stack import Stack, fresh_stack, revision


def main() -> None:
    args = parse()
    loaded = corpus(spans=args.spans, seed=args.seed, per_request=args.per_request)
    size = sum(len(payload.body) for payload in loaded.payloads) / loaded.expected["spans"]
    print(f"{loaded.expected['spans']} spans of {size:.0f} bytes, {args.per_request} a request; at {revision()}")
    results: list[Result] = []
    for run in range(1 if args.base else args.runs):
        with _stack(args) as stack:
            busy = machine.wait_quiet(at_most_s=args.wait)
            results.append(measure(stack, loaded, connections=args.connections, rate=args.rate))
            results[-1].figures["other work before, cores"] = busy
        speed = results[-1].figures["durable and queryable spans/s"]
        print(f"run {run + 1}: {speed:,.0f} spans/s, {len(results[-1].wrong)} figures wrong", flush=True)
    show(results)
    if args.json:
        args.json.write_text(json.dumps([result.figures for result in results], indent=1), encoding="utf-8")
    sys.exit(any(result.wrong for result in results))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spans", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-request", type=int, default=200)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, default=0, help="offered spans a second; 0: as fast as acknowledged")
    parser.add_argument("--runs", type=int, default=3, help="each on a fresh stack; medians are shown")
    parser.add_argument("--wait", type=float, default=120, help="seconds to wait until the machine is quiet")
    parser.add_argument("--json", type=Path, help="write the figures of every run here")
    running = parser.add_argument_group("an ECOA that runs already")
    running.add_argument("--base", help="address of OTLP/HTTP")
    running.add_argument("--web", help="address of the API")
    running.add_argument("--key", help="an API key that may ingest and read")
    running.add_argument("--pid", type=int, help="of its `manage.py up`, for CPU and memory")
    running.add_argument("--data", type=Path, help="its data folder, for the disk")
    args = parser.parse_args()
    if args.base and not (args.web and args.key):
        parser.error("--base needs --web and --key")
    return args


@contextmanager
def _stack(args: argparse.Namespace) -> Iterator[Stack]:
    """The one that is named, else one of our own."""
    if not args.base:
        with fresh_stack() as stack:
            yield stack
        return
    root = psutil.Process(args.pid) if args.pid else None
    yield Stack(web=args.web.rstrip("/"), otlp=args.base, grpc="", key=args.key, data=args.data, root=root)


def show(results: list[Result]) -> None:
    """A table of medians, and what was wrong."""
    print()
    for name, (middle, least, most) in medians(results).items():
        spread = f"   [{_number(least)} - {_number(most)}]" if len(results) > 1 else ""
        print(f"{name:44} {_number(middle):>12}{spread}")
    for result in results:
        for wrong in result.wrong:
            print(f"WRONG: {wrong}")
    if not any(result.wrong for result in results):
        print("calls, errors, timeouts and tokens of every agent and model are exact, percentiles within 1 %")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    main()
