"""A trace's transcript as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as s
from rest_framework.decorators import api_view

from ecoa_web.accounts.access import api_project
from traces import serializers
from traces.api import asked, forms
from traces.api.documented import TRACE_ID, documented
from traces.api.tags import tagged, unchanged_since
from traces.ids import span_hex
from traces.queries.conversation import trace_conversation
from traces.transcript import Agent, Earlier, Entry, Failure, Speech

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from traces.queries.conversation import TraceConversation

MOST_CALLS = 1_000
CALLS = OpenApiParameter("calls", int, description="So many model calls, 1 to 1,000, by default the first 200.")
SPEECH = ("role", "name", "agent", "model", "finish_reason", "parts")
TOOL = ("name", "call_id", "arguments", "result", "answered")
MAYBE: dict[str, Any] = {"allow_null": True, "required": False}


class TranscriptEntry(s.Serializer[object]):
    """Which members there are follows from the type."""

    type = s.ChoiceField(["message", "tool", "failure", "earlier", "agent"])
    at_ns = s.CharField(required=False, help_text="Unix nanoseconds.")
    span_id = s.CharField(**MAYBE)
    role = s.CharField(required=False, help_text="Of a message: system, user, assistant, tool, or the sender's own.")
    parts = serializers.Part(many=True, required=False, help_text="Of a message: what was not said before.")
    name = s.CharField(**MAYBE)
    agent = s.CharField(**MAYBE)
    model = s.CharField(**MAYBE)
    finish_reason = s.CharField(**MAYBE)
    kind = s.ChoiceField(["tool", "retriever", "human"], required=False)
    call_id = s.CharField(**MAYBE)
    arguments = s.JSONField(**MAYBE)
    result = s.JSONField(**MAYBE)
    answered = s.BooleanField(required=False, help_text="Of a tool: its result is known, perhaps as null.")
    status = s.ChoiceField(serializers.SPAN_STATUSES, **MAYBE)
    duration_ms = s.FloatField(**MAYBE)
    error = serializers.SpanError(**MAYBE)
    calls = s.IntegerField(required=False, help_text="Of an agent: its own model calls.")
    input_tokens = s.IntegerField(**MAYBE)
    output_tokens = s.IntegerField(**MAYBE)
    cost_usd = s.FloatField(**MAYBE)
    entries = s.ListField(child=s.DictField(), required=False, help_text="Of an agent, and of what was said earlier.")


class Conversation(s.Serializer[object]):
    trace_id = s.CharField()
    name = s.CharField(allow_null=True)
    status = s.ChoiceField(serializers.TRACE_STATUSES)
    seq = s.IntegerField()
    calls = s.IntegerField(help_text="Model calls that this covers.")
    all_calls = s.IntegerField(help_text="Model calls of the trace.")
    truncated = s.BooleanField(help_text="There is more: ask for more calls.")
    unread_spans = s.IntegerField(help_text="Spans whose words are missing: no longer kept, or too much to read.")
    entries = TranscriptEntry(many=True)


@documented(Conversation, TRACE_ID, CALLS, id="get_trace_conversation")
@api_view(["GET"])
def conversation(request: Request, trace_id: str) -> HttpResponseBase:
    """A trace as a transcript: each message once, tools with their results, sub-agents' threads inside."""
    project = api_project(request)
    calls = asked.whole(request, "calls", default=200, least=1, most=MOST_CALLS)
    trace_id = asked.trace_id(trace_id)
    if unchanged := unchanged_since(request, project.pk, trace_id):
        return unchanged
    found = asked.found(trace_conversation(project.pk, trace_id, calls=calls), "trace")
    return tagged(forms.answer(conversation_form(found)), found.summary)


def conversation_form(found: TraceConversation) -> forms.Json:
    """A transcript."""
    row = found.summary
    return {
        "trace_id": row.trace_id,
        "name": row.name,
        "status": row.status,
        "seq": row.seq,
        "calls": found.calls,
        "all_calls": found.all_calls,
        "truncated": found.truncated,
        "unread_spans": found.unread,
        "entries": _entries(found.entries),
    }


def _entries(entries: Iterable[Entry]) -> list[forms.Json]:
    return [_entry(entry) for entry in entries]


def _entry(entry: Entry) -> forms.Json:
    if isinstance(entry, Earlier):
        return {"type": entry.type, "entries": _entries(entry.entries)}
    span_id = None if entry.span_id is None else span_hex(entry.span_id)
    form: forms.Json = {"type": entry.type, "at_ns": str(entry.at_ns), "span_id": span_id}
    if isinstance(entry, Speech):
        return form | {name: getattr(entry, name) for name in SPEECH}
    form["error"] = _error(entry.error_type, entry.error_message)
    if isinstance(entry, Failure):
        return form | {"agent": entry.agent, "model": entry.model}
    form["status"] = None if entry.status is None else forms.STATUSES[entry.status]
    form["duration_ms"] = None if entry.duration_ns is None else entry.duration_ns / 1e6
    if isinstance(entry, Agent):
        tokens = {"input_tokens": entry.input_tokens, "output_tokens": entry.output_tokens, "cost_usd": entry.cost}
        return form | {"agent": entry.agent, "calls": entry.calls} | tokens | {"entries": _entries(entry.entries)}
    return form | {"kind": forms.KINDS[entry.kind]} | {name: getattr(entry, name) for name in TOOL}


def _error(kind: str | None, message: str | None) -> forms.Json | None:
    return None if kind is None and message is None else {"type": kind, "message": message}
