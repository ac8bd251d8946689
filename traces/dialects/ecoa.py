"""ECOA's own attributes, which the `ecoa` package writes and anyone may; they come before every other dialect's."""

from __future__ import annotations

from traces.decode import RawSpan
from traces.dialects.conversation import Conversation, messages_of
from traces.dialects.engine import Dialect, Source
from traces.dialects.vocabulary import dollars, label, one_of, ordinal
from traces.span import Kind

KINDS = {kind.name.lower(): kind for kind in Kind}


def _messages(span: RawSpan) -> Conversation:
    return Conversation(
        input=messages_of(span.attributes.get("ecoa.input"), "user"),
        output=messages_of(span.attributes.get("ecoa.output"), "assistant"),
    )


ECOA = Dialect(
    name="ecoa",
    title="ECOA",
    first=True,
    scopes=("ecoa", "ecoa.*"),
    sources={
        "kind": (Source("ecoa.kind", one_of(KINDS)),),
        "pipeline": (Source("ecoa.pipeline", label),),
        "agent": (Source("ecoa.agent.name", label),),
        "attempt": (Source("ecoa.attempt", ordinal),),
        "session": (Source("ecoa.session", label),),
        "user": (Source("ecoa.user", label),),
        "cost": (Source("ecoa.cost_usd", dollars),),
    },
    content=("ecoa.input", "ecoa.output"),
    messages=_messages,
)
