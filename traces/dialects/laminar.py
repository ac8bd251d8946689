"""The Laminar SDK."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import SDK_KINDS, dollars, label, one_of
from traces.span import Kind

_KINDS = {**SDK_KINDS, "executor": Kind.CHAIN, "human_evaluator": Kind.HUMAN, "evaluation": Kind.CHAIN}
_PROPERTIES = "lmnr.association.properties."

LAMINAR = Dialect(
    name="laminar",
    title="Laminar",
    versions="lmnr 0.7",
    lacks="agents, unless another convention on the span names them",
    scopes=("lmnr*", "@lmnr-ai/*"),
    keys=("lmnr.span.type", "lmnr.span.path"),
    sources={
        "kind": (Source("lmnr.span.type", one_of(_KINDS)),),
        "session": (Source(_PROPERTIES + "session_id", label),),
        "user": (Source(_PROPERTIES + "user_id", label),),
        "cost": (Source("gen_ai.usage.cost", dollars),),
    },
    own_name=(Kind.TOOL,),
    content=("lmnr.span.input", "lmnr.span.output"),
    ignored=("lmnr.span.ids_path", "lmnr.span.path", "lmnr.internal.*", "lmnr.span.instrumentation_*"),
    messages=in_and_out(("lmnr.span.input",), ("lmnr.span.output",), quoted=True),
)
