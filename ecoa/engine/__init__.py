"""The engine: takes leases, runs their nodes, writes how they ended.

engine = Engine(store, worker="host:1", pipelines=["tickets"])
for lease in await store.claim(engine.worker, pipelines=engine.pipelines(), queues=["default"], limit=8):
    leases = await engine.turn(lease)          # what was handed over: the next turns
"""

from ecoa.engine.engine import Engine

__all__ = ["Engine"]
