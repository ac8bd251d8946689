"""Microsoft's Agent Framework. Its agents repeat the sum of their calls; workflows have spans without operations."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.names import Name
from traces.dialects.vocabulary import label
from traces.span import Kind

AGENT_FRAMEWORK = Dialect(
    name="agent_framework",
    title="Microsoft Agent Framework",
    versions="Python and .NET 1",
    lacks="providers of agent spans (it names itself); users",
    scopes=("agent_framework*", "Microsoft.Agents*", "Experimental.Microsoft.Agents*", "Experimental.Microsoft.Ext*"),
    keys=("executor.id", "edge_group.id", "workflow.definition"),
    sources={
        "agent_name": (Source("executor.id", label, keep=True),),
        "pipeline": (Source("workflow.name", label, local=True), Source("workflow_builder.name", label, local=True)),
    },
    names=(
        Name("workflow.run", Kind.PIPELINE),
        Name("workflow.run *", Kind.PIPELINE),
        Name("workflow_invoke *", Kind.PIPELINE),
        Name("workflow.session", Kind.PIPELINE),
        Name("workflow.build", Kind.CHAIN),
        Name("workflow.build *", Kind.CHAIN),
        Name("executor.process", Kind.CHAIN),
        Name("executor.process *", Kind.CHAIN),
        Name("edge_group.process", Kind.CHAIN),
        Name("edge_group.process *", Kind.CHAIN),
        Name("message.send", Kind.CHAIN),
    ),
    content=("workflow.definition",),
)
