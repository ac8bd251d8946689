"""Weave of Weights & Biases, and small additions of others that no dialect of their own is worth."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import SDK_KINDS, dollars, label, one_of

WEAVE = Dialect(
    name="weave",
    title="Weave and others",
    versions="Weave's OTLP attributes; SigNoz' cost; Coralogix' LangGraph kit",
    lacks="what OpenTelemetry's own names on the same spans do not say",
    keys=("weave.span.kind",),
    sources={
        "kind": (Source("weave.span.kind", one_of(SDK_KINDS)),),
        "session": (Source("wandb.thread_id", label), Source("gen_ai.conversation.name", label)),
        "cost": (Source("_signoz.gen_ai.cost_total", dollars), Source("_signoz.gen_ai.total_cost", dollars)),
    },
    messages=in_and_out(("weave.input", "input"), ("weave.output", "output")),
    content=("weave.input", "weave.output", "weave.input.*", "weave.output.*"),
)
