"""Genkit."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import label, one_of
from traces.span import Kind
from traces.values import Value

_SUBTYPES = {
    "model": Kind.LLM,
    "background-model": Kind.LLM,
    "embedder": Kind.EMBEDDING,
    "retriever": Kind.RETRIEVER,
    "reranker": Kind.RERANKER,
    "indexer": Kind.CHAIN,
    "tool": Kind.TOOL,
    "tool.v2": Kind.TOOL,
    "flow": Kind.PIPELINE,
    "evaluator": Kind.EVALUATOR,
    "prompt": Kind.CHAIN,
    "executable-prompt": Kind.CHAIN,
    "agent": Kind.AGENT,
    "util": Kind.CHAIN,
}
_TYPES = {"flow": Kind.PIPELINE, "flowstep": Kind.CHAIN, "action": Kind.CHAIN, "util": Kind.CHAIN, "agent": Kind.AGENT}


def failure(value: Value) -> bool | None:
    """That the state of an action is an error's."""
    return True if value == "error" else None


def model(value: Value) -> str | None:
    """The model of an action that is named after its plugin and its model."""
    text = label(value)
    return text.rpartition("/")[2] or None if text else None


GENKIT = Dialect(
    name="genkit",
    title="Genkit",
    versions="1 (JavaScript and Go)",
    lacks="tokens, which are inside the model's whole output; providers; users",
    scopes=("genkit*",),
    keys=("genkit:type", "genkit:name"),
    sources={
        "kind": (Source("genkit:metadata:subtype", one_of(_SUBTYPES)), Source("genkit:type", one_of(_TYPES))),
        "agent_name": (Source("genkit:name", label),),
        "tool_name": (Source("genkit:name", label),),
        "model_name": (Source("genkit:name", model),),
        "pipeline": (Source("genkit:metadata:flow:name", label),),
        "session": (Source("genkit:sessionId", label), Source("genkit:metadata:session", label)),
        "failed": (Source("genkit:state", failure, keep=True),),
    },
    content=("genkit:input", "genkit:output", "genkit:metadata:context"),
    ignored=("genkit:path", "genkit:isRoot"),
    messages=in_and_out(("genkit:input",), ("genkit:output",), quoted=True),
)
