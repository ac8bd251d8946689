"""MLflow tracing. Every value is JSON, plain words too."""

from __future__ import annotations

from traces.dialects.blobs import in_and_out
from traces.dialects.engine import Dialect, Source
from traces.dialects.providers import provider
from traces.dialects.vocabulary import SDK_KINDS, count, dollars, label, member, one_of, unquoted
from traces.span import Kind

_USAGE = "mlflow.chat.tokenUsage"

MLFLOW = Dialect(
    name="mlflow",
    title="MLflow",
    versions="3.17",
    lacks="sessions and users, which are not exported; usage of embeddings; reasoning tokens",
    scopes=("mlflow*",),
    keys=("mlflow.spanType",),
    sources={
        "kind": (Source("mlflow.spanType", unquoted(one_of(SDK_KINDS))),),
        "model": (Source("mlflow.llm.model", unquoted(label)),),
        "request_model": (Source("model", unquoted(label), local=True),),
        "provider": (Source("mlflow.llm.provider", unquoted(provider)),),
        "session": (Source("mlflow.trace.session", unquoted(label)),),
        "user": (Source("mlflow.trace.user", unquoted(label)),),
        "input_tokens": (Source(_USAGE, member(count, "input_tokens")),),
        "output_tokens": (Source(_USAGE, member(count, "output_tokens")),),
        "cache_read_tokens": (Source(_USAGE, member(count, "cache_read_input_tokens")),),
        "cache_write_tokens": (Source(_USAGE, member(count, "cache_creation_input_tokens")),),
        "total_tokens": (Source(_USAGE, member(count, "total_tokens")),),
        "cost": (Source("mlflow.llm.cost", member(dollars, "total_cost")), Source("mlflow.llm.cost", dollars)),
    },
    own_name=(Kind.AGENT, Kind.TOOL),
    excluding_providers=("anthropic", "aws.bedrock"),
    content=(
        "mlflow.spanInputs",
        "mlflow.spanOutputs",
        "mlflow.chat.tools",
        "mlflow.chat.messages",
        "tools",
        "messages",
    ),
    ignored=("mlflow.spanFunctionName", "mlflow.spanLogLevel", "mlflow.traceRequestId", "mlflow.message.format"),
    messages=in_and_out(("mlflow.spanInputs", "mlflow.chat.messages"), ("mlflow.spanOutputs",), quoted=True),
)
