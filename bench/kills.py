"""
kill -9 under load, and what became of the spans that were acknowledged:

    python -m bench.kills [--kills 20] [--rate 4000]

Each kill is a round: an offered load of some seconds, one part killed in its midst, every request repeated until it is
acknowledged as an exporter does. A round ends when all of its spans are stored.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from statistics import median

import psutil
import psycopg

from bench.corpus.expected import Expected
from bench.corpus.files import recent_base_ns
from bench.corpus.requests import Payload, fleet
from bench.load import Load
from bench.stack import Stack, running_stack, stack_environment, stack_in
from tests.platform.running import PATIENCE_S, READY, Up, temporary_folder

KINDS = ("receiver", "worker 1", "worker 2", "PostgreSQL", "everything")
STORED = "SELECT coalesce(sum(spans), 0)::bigint FROM traces_ledger WHERE outcome = 1"
COUNTS = "SELECT count(*), count(DISTINCT (trace_id, span_id)) FROM traces_span"
LOOK_S = 0.02
LONGEST_WAIT_S = 1.0  # an exporter's back-off, shortened so that it does not hide the recovery


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One kill."""

    part: str
    acked: int
    lost: int
    duplicated: int
    first_ack_s: float  # after the kill, of a request that was sent after it
    caught_up_s: float  # after the kill, until everything acknowledged so far was stored
    refusals: int


class Victim:
    """A stack that is killed in parts and as a whole, always on the same data and ports."""

    def __init__(self, environment: dict[str, str], stack: Stack) -> None:
        self._environment = environment
        self.stack = stack

    def kill(self, kind: str) -> float:
        """SIGKILL a part; when. Everything is started again, the rest is the supervisor's."""
        if kind == "everything":
            return self._kill_everything()
        processes = self.stack.parts()[{"PostgreSQL": "postgres"}.get(kind, kind.split(maxsplit=1)[0])]
        if kind.startswith("worker"):
            processes = sorted(processes, key=lambda process: process.pid)[int(kind[-1]) - 1 :][:1]
        return kill(processes)

    def _kill_everything(self) -> float:
        up = self.stack.up
        assert up
        killed_s = kill([psutil.Process(up.process.pid), *up.children()])
        up.close()
        self.stack = stack_in(self._environment, Up(self._environment))
        return killed_s

    def wait_whole(self) -> None:
        """Until every part runs and the web process is ready."""
        assert self.stack.up
        self.stack.up.wait_for(READY)
        self.stack.wait_ready()
        deadline = time.monotonic() + PATIENCE_S
        while [len(self.stack.parts()[name]) for name in ("receiver", "web", "worker")] != [1, 1, 2]:
            assert time.monotonic() < deadline
            time.sleep(LOOK_S)


def kill(processes: Sequence[psutil.Process]) -> float:
    """All at once, and gone when this returns; when the signals were sent, in monotonic seconds."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    killed_s = time.monotonic()
    psutil.wait_procs(list(processes), timeout=PATIENCE_S)
    return killed_s


@contextmanager
def victim() -> Iterator[Victim]:
    """A fresh stack to be killed; whatever runs at the end is stopped in order."""
    with temporary_folder() as folder:
        environment = stack_environment(folder / "data")
        with running_stack(environment) as stack:
            killed = Victim(environment, stack)
            try:
                yield killed
            finally:
                assert killed.stack.up
                killed.stack.up.close()


def play(victim: Victim, kind: str, payloads: Sequence[Payload], *, rate: float) -> Round:
    """One round; its figures."""
    rows_before, _ = counts(victim.stack)
    stored_before = stored(victim.stack)
    stack = victim.stack
    load = Load(
        address=stack.otlp, key=stack.key, payloads=payloads, rate=rate, longest_wait_s=LONGEST_WAIT_S, connections=4
    )
    sender = threading.Thread(target=load.run, name="load", daemon=True)
    sender.start()
    wait_until(lambda: load.acked_spans >= sum(payload.spans for payload in payloads) // 3)
    killed_s = victim.kill(kind)
    first_ack_s = wait_until(lambda: next((ack.answered_s for ack in load.acks if ack.sent_s >= killed_s), 0.0))
    caught_up_s = wait_until(lambda: _caught_up(victim.stack, load, stored_before))
    sender.join(PATIENCE_S)
    wait_until(lambda: stored(victim.stack) - stored_before >= load.acked_spans)
    rows, distinct = counts(victim.stack)
    return Round(
        part=kind,
        acked=load.acked_spans,
        lost=load.acked_spans - (rows - rows_before),
        duplicated=rows - distinct,
        first_ack_s=first_ack_s - killed_s,
        caught_up_s=caught_up_s - killed_s,
        refusals=len(load.refusals),
    )


def rounds_of(
    kills: int, *, spans: int, kinds: Sequence[str] = KINDS, seed: int = 77, per_request: int = 50
) -> Iterator[tuple[str, list[Payload]]]:
    """Which part is killed in which round, and its spans, none of them twice."""
    whole = fleet(
        kills * spans, seed=seed, base_ns=recent_base_ns(), expected=Expected(), hours=1, per_request=per_request
    )
    for at in range(kills):
        yield kinds[at % len(kinds)], list(islice(whole, spans // per_request))


def stored(stack: Stack) -> int:
    """Spans stored by the ledger; asked in the database, for the web process may be dead."""
    with stack.database() as connection:
        found = connection.execute(STORED).fetchone()
    assert found
    return int(found[0])


def counts(stack: Stack) -> tuple[int, int]:
    """Span rows, and distinct spans among them."""
    with stack.database() as connection:
        found = connection.execute(COUNTS).fetchone()
    assert found
    return int(found[0]), int(found[1])


def _caught_up(stack: Stack, load: Load, stored_before: int) -> float:
    acked = load.acked_spans
    return time.monotonic() if stored(stack) - stored_before >= acked else 0.0


def wait_until(ask: Callable[[], float]) -> float:
    """Ask until the answer is true; a database that is away has not answered."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(psycopg.Error):
            if answer := ask():
                return answer
        assert time.monotonic() < deadline
        time.sleep(LOOK_S)


def main() -> None:
    args = parse()
    rounds: list[Round] = []
    with victim() as killed:
        for kind, payloads in rounds_of(args.kills, spans=args.spans):
            killed.wait_whole()
            rounds.append(play(killed, kind, payloads, rate=args.rate))
            print(row(rounds[-1]), flush=True)
        killed.wait_whole()
        ledger = killed.stack.ledger()
    show(rounds)
    print(f"ledger: {ledger}")
    acked = sum(round.acked for round in rounds)
    sys.exit(
        any(round.lost or round.duplicated or round.refusals for round in rounds) or ledger["stored_spans"] != acked
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rate", type=float, default=4000, help="offered spans a second")
    parser.add_argument("--spans", type=int, default=20_000, help="spans of a round")
    return parser.parse_args()


def row(round: Round) -> str:
    return (
        f"{round.part:12} acknowledged {round.acked:7,}  lost {round.lost}  duplicated {round.duplicated}  "
        f"first acknowledgement {round.first_ack_s:6.2f} s  caught up {round.caught_up_s:6.2f} s"
    )


def show(rounds: Sequence[Round]) -> None:
    """A table by part, as docs/benchmarks.md has it."""
    print("\n| killed | times | acknowledged | lost | duplicated | first acknowledgement, s | all stored, s |")
    print("|---|---|---|---|---|---|---|")
    for kind in [*KINDS, ""]:
        of = [round for round in rounds if kind in (round.part, "")]
        if of:
            acks, caught = [round.first_ack_s for round in of], [round.caught_up_s for round in of]
            print(
                f"| {kind or 'all'} | {len(of)} | {sum(round.acked for round in of):,} | "
                f"{sum(round.lost for round in of)} | {sum(round.duplicated for round in of)} | "
                f"{median(acks):.2f} (most {max(acks):.2f}) | {median(caught):.2f} (most {max(caught):.2f}) |"
            )


if __name__ == "__main__":
    main()
