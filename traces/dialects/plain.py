"""Plain OpenTelemetry: what any instrumented service says about itself, its errors, its sessions and its users."""

from __future__ import annotations

from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import label, marker, one_of
from traces.span import Kind

# Keys that make a span without a kind a plain request, query or message, however it was made.
PROTOCOLS = (
    "http.request.method",
    "http.method",
    "db.system.name",
    "db.system",
    "rpc.system",
    "rpc.system.name",
    "messaging.system",
    "faas.trigger",
)
MCP_METHODS = {"tools/call": Kind.TOOL}

PLAIN = Dialect(
    name="plain",
    title="Plain OpenTelemetry",
    sources={
        "kind": (Source("mcp.method.name", one_of(MCP_METHODS), keep=True),),
        "protocol": tuple(Source(key, marker, keep=True) for key in PROTOCOLS),
        "session": (Source("session.id", label),),
        "user": (Source("user.id", label), Source("enduser.id", label)),
        "error_type": (Source("error.type", label),),
        "server_address": (Source("server.address", label, keep=True), Source("net.peer.name", label, keep=True)),
    },
    resource={
        "service": (Source("service.name", label),),
        "version": (Source("service.version", label),),
        "environment": (
            Source("deployment.environment.name", label),
            Source("deployment.environment", label),
        ),
    },
    content=("db.query.text", "db.statement"),
    ignored=("exception.*", "thread.id", "thread.name", "code.*"),
)
