"""The same chain with LangGraph's PostgresSaver: DSN STEPS RUNS. Prints JSON. Runs in a scratch environment."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypedDict

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.graph import END, START, StateGraph

from bench.backends import spent

dsn, steps, runs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


class State(TypedDict):
    """What goes from node to node."""

    n: int


graph = StateGraph(State)
names = [f"s{number}" for number in range(steps)]
for name in names:
    graph.add_node(name, lambda state: state)
for before, after in zip([START, *names], [*names, END], strict=True):
    graph.add_edge(before, after)
with PostgresSaver.from_conn_string(dsn) as saver:
    saver.setup()
    chain = graph.compile(checkpointer=saver)

    def run(thread: str) -> None:
        """One run, each step stored before the next begins."""
        config = {"configurable": {"thread_id": thread}, "recursion_limit": steps + 10}
        chain.invoke({"n": 1}, config, durability="sync")

    run("warm")
    with spent(dsn) as took:
        for number in range(runs):
            run(str(number))
print(json.dumps({"step": took.each(runs * steps)}))
