"""What durability costs: steps, starts, dispatch, resume after approval, recovery; beside DBOS and LangGraph.

    ECOA_DATABASE_URL=… python -m bench.engine [--peers] [--json FILE]

The database is a scratch one, migrated, with the project "default"; its runs are deleted. `--peers` installs dbos and
langgraph with their PostgreSQL stores into a temporary folder (with uv) and runs the same chain there, each against a
database of its own on the same server. Figures taken beside other work are worth little: the load is told with them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from bench.backends import spent
from ecoa.agent import Agent
from ecoa.codec import dumps
from ecoa.engine.ids import uuid7
from ecoa.engine.plan import enter
from ecoa.orchestrator import Pipeline
from ecoa.store.base import TERMINAL, Ballot, Finish, Lease, NewNode, NewRun
from ecoa.store.postgres import PostgresStore

ROOT = Path(__file__).resolve().parents[1]
STEPS, RUNS = 50, 20
PEERS = ("dbos", "langgraph", "langgraph-checkpoint-postgres", "psycopg[binary]")
EMPTY = "TRUNCATE pipelines_run, pipelines_node, pipelines_ready, pipelines_event, pipelines_worker CASCADE"
type Figures = dict[str, Any]  # what is printed


async def _nothing(x: Any) -> Any:
    return x


chain = Pipeline("bench-chain", *(Agent(f"bench-{n}", _nothing) for n in range(STEPS)))
short = Pipeline("bench-short", Agent("bench-short", _nothing))
asked = Pipeline("bench-asked", Agent("bench-before", _nothing)).review().then(Agent("bench-after", _nothing))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--peers-python", help="an interpreter that has them, instead of installing them")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dsn = os.environ["ECOA_DATABASE_URL"]
    figures: Figures = {"load": os.getloadavg(), "ecoa": asyncio.run(_ecoa(dsn))}
    if options.peers or options.peers_python:
        figures |= _peers(dsn, options.peers_python)
    text = json.dumps(_rounded(figures), indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


async def _ecoa(dsn: str) -> Figures:
    store = PostgresStore(dsn)
    _empty(dsn)
    try:
        figures = {
            "store_step": await _store_steps(store),
            "engine_step": await _engine_steps(dsn),
            "starts_per_s": await _starts(store),
            "bulk_starts_per_s": await _bulk(store),
        }
        _empty(dsn)
        return figures | await _with_workers(store)
    finally:
        await store.close()
        _empty(dsn)


async def _store_steps(store: PostgresStore, count: int = 2000) -> Figures:
    """Finish and hand over, nothing else."""
    (lease,) = (await store.start(_run(short, "leased"), worker="bench")).leases
    times = []
    for warm in (100, count):
        with spent(store.db.dsn) as took:
            for number in range(warm):
                begun = time.perf_counter()
                lease = await _handed_over(store, lease, f"{warm}-{number}")
                times.append(time.perf_counter() - begun)
    return _percentiles(times[100:]) | took.each(count)


async def _handed_over(store: PostgresStore, lease: Lease, path: str) -> Lease:
    following = NewNode(path=path, kind="step", input='{"order": 17}', status="leased")
    turn = Finish(
        run_id=lease.run_id, path=lease.path, fence=lease.fence, status="done", output='"ok"', creates=[following]
    )
    (lease,) = (await store.finish(turn, worker="bench")).leases
    return lease


async def _engine_steps(dsn: str) -> Figures:
    """A chain of agents that do nothing, by the engine in this process."""
    assert await chain.run({"n": 1})
    with spent(dsn) as took:
        for _ in range(RUNS):
            assert await chain.run({"n": 1})
    return took.each(RUNS * STEPS)


async def _starts(store: PostgresStore, count: int = 1000) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        await store.start(_run(short, "leased"), worker="bench")
    return count / (time.perf_counter() - begun)


async def _bulk(store: PostgresStore, count: int = 20_000) -> float:
    runs = [_run(short, "ready") for _ in range(count)]
    begun = time.perf_counter()
    await store.start_many(runs)
    return count / (time.perf_counter() - begun)


async def _with_workers(store: PostgresStore) -> Figures:
    for pipeline in (short, asked, waiting):
        pipeline.ready()
        await store.define(pipeline.name, pipeline.definition_hash, pipeline.definition)
    workers = [_worker(), _worker()]
    try:
        await _done(store, await _started(store, short))
        return {
            "dispatch_ms": await _dispatch(store),
            "resume_ms": await _resume(store),
            "recovery_after_kill_s": await _recovery(store),
        }
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()


async def _dispatch(store: PostgresStore, count: int = 200) -> Figures:
    """From the start's commit to the worker's lease, by the database's clock."""
    for _ in range(count):
        await _started(store, short)
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.0)
    return await _between(
        store,
        "SELECT extract(epoch FROM n.started_at - n.created_at)::float8 FROM pipelines_node n"
        f" JOIN pipelines_run r ON r.id = n.run_id WHERE r.pipeline = %(name)s ORDER BY n.seq DESC LIMIT {count}",
        short,
    )


async def _resume(store: PostgresStore, count: int = 200) -> Figures:
    """From the decision to the lease of the step after it: runs that have been cold since they paused."""
    runs = [await _started(store, asked) for _ in range(count)]
    for run_id in runs:
        while not (reviews := (await store.run(run_id)).reviews):
            await asyncio.sleep(0.02)
        await store.decide_review(
            reviews[0][0], Ballot(version=reviews[0][1], decision="approve", by="bench", via="api")
        )
        await asyncio.sleep(0.01)
    for run_id in runs:
        await _done(store, run_id)
    return await _between(
        store,
        "SELECT extract(epoch FROM n.started_at - v.decided_at)::float8 FROM pipelines_review v"
        " JOIN pipelines_run r ON r.id = v.run_id"
        " JOIN pipelines_node n ON n.run_id = r.id AND n.path = 'bench-after' WHERE r.pipeline = %(name)s",
        asked,
    )


async def _recovery(store: PostgresStore) -> float:
    """From kill -9 of the worker to the lease of the other."""
    run_id = await _started(store, waiting)
    while not (held := [node for node in await store.nodes(run_id) if node.worker]):
        await asyncio.sleep(0.02)
    begun = time.perf_counter()
    os.kill(int(str(held[0].worker).split(":")[1]), signal.SIGKILL)
    while not [node for node in await store.nodes(run_id) if node.worker not in (None, held[0].worker)]:
        await asyncio.sleep(0.01)
    took = time.perf_counter() - begun
    await store.cancel(run_id, reason="", by="bench")
    return took


async def _between(store: PostgresStore, statement: Any, pipeline: Pipeline[Any, Any]) -> Figures:
    rows = await store.db.rows(statement, {"name": pipeline.name})
    return _percentiles([row[0] for row in rows])


async def _wait(_: Any) -> None:
    await asyncio.sleep(60)


waiting = Pipeline("bench-waiting", Agent("bench-waiting", _wait))


def _worker() -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-c",
        "import sys; from ecoa.cli import main; sys.exit(main())",
        "worker",
        "bench.engine",
    ]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def _run(pipeline: Pipeline[Any, Any], status: Any) -> NewRun:
    text = dumps({"n": 1})
    pipeline.ready()
    return NewRun(
        id=uuid7(),
        pipeline=pipeline.name,
        definition_hash=pipeline.definition_hash,
        input=text,
        trace_id=os.urandom(16).hex(),
        first=enter(pipeline.chain, 0, "", text, status),
    )


async def _started(store: PostgresStore, pipeline: Pipeline[Any, Any]) -> str:
    return (await store.start(_run(pipeline, "ready"), worker=None)).run.id


async def _done(store: PostgresStore, run_id: str) -> None:
    while (await store.run(run_id)).status not in TERMINAL:
        await asyncio.sleep(0.02)


def _percentiles(seconds: Sequence[float]) -> Figures:
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50_ms": 1000 * cuts[49], "p95_ms": 1000 * cuts[94], "p99_ms": 1000 * cuts[98]}


def _peers(dsn: str, python: str | None) -> Figures:
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        if python is None:
            python = f"{folder}/bin/python"
            subprocess.run(["uv", "venv", "-q", "--python", sys.executable, folder], check=True)
            subprocess.run(["uv", "pip", "install", "-q", "--python", python, *PEERS], check=True)
        for name in ("dbos", "langgraph"):
            own = _database(dsn, f"bench_{name}")
            command = [python, str(ROOT / f"bench/peers/{name}_chain.py"), own, str(STEPS), str(RUNS)]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            figures[name] = json.loads(ran.stdout.splitlines()[-1]) if ran.returncode == 0 else ran.stderr[-400:]
            _database(dsn, f"bench_{name}", make=False)
    return figures


def _database(dsn: str, name: str, *, make: bool = True) -> str:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
        if make:
            conn.execute(f"CREATE DATABASE {name}".encode())
    parts = psycopg.conninfo.conninfo_to_dict(make_conninfo(dsn, dbname=name))
    user, host, port = (parts.get(key) or default for key, default in (("user", ""), ("host", ""), ("port", "5432")))
    password = f":{parts['password']}" if parts.get("password") else ""
    return f"postgresql://{user}{password}@{host}:{port}/{name}"


def _empty(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute(EMPTY)
        conn.execute("VACUUM ANALYZE pipelines_run, pipelines_node, pipelines_ready")


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.3g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main()
