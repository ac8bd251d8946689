"""The same chain with DBOS on PostgreSQL: DSN STEPS RUNS. Prints JSON. Runs in a scratch environment that has dbos."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dbos import DBOS

from bench.backends import spent

dsn, steps, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
DBOS(config={"name": "bench", "system_database_url": dsn, "run_admin_server": False, "log_level": "ERROR"})


@DBOS.step()
def step(x: dict) -> dict:
    """Nothing."""
    return x


@DBOS.workflow()
def chain(x: dict) -> dict:
    """Steps, one after the other."""
    for _ in range(steps):
        x = step(x)
    return x


@DBOS.workflow()
def empty(x: dict) -> dict:
    """No step."""
    return x


DBOS.launch()
chain({"n": 1})
with spent(dsn) as took:
    for _ in range(runs):
        chain({"n": 1})
begun = time.perf_counter()
handles = [DBOS.start_workflow(empty, {"n": 1}) for _ in range(200)]
starts = 200 / (time.perf_counter() - begun)
for handle in handles:
    handle.get_result()
print(json.dumps({"step": took.each(runs * steps), "starts_per_s": starts}))
DBOS.destroy()
