"""What the API's answers look like, for its OpenAPI schema. Nothing is rendered through these: see traces.api.forms."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers as s

from traces.prices.rates import BUCKETS
from traces.span import Kind, Status

TRACE_STATUSES = ["ok", "error", "running", "waiting"]
SPAN_STATUSES = [status.name.lower() for status in Status]
SPAN_KINDS = [kind.name.lower() for kind in Kind]
PART_TYPES = ["text", "reasoning", "tool_call", "tool_result", "image", "file", "raw"]
MAYBE: dict[str, Any] = {"allow_null": True}  # keyword arguments of any field


class Trace(s.Serializer[object]):
    trace_id = s.CharField(help_text="32 hex digits.")
    name = s.CharField(**MAYBE, help_text="Its root's name; null while no root has arrived.")
    status = s.ChoiceField(TRACE_STATUSES)
    start_time = s.DateTimeField()
    duration_ms = s.FloatField(**MAYBE)
    span_count = s.IntegerField()
    error_count = s.IntegerField()
    input_tokens = s.IntegerField(**MAYBE, help_text="Cached and cache-written tokens included; null is unknown.")
    output_tokens = s.IntegerField(**MAYBE, help_text="Reasoning tokens included; null is unknown.")
    cost_usd = s.FloatField(**MAYBE)
    agents = s.ListField(child=s.CharField())
    models = s.ListField(child=s.CharField())
    service = s.CharField(**MAYBE)
    session_id = s.CharField(**MAYBE)
    user_id = s.CharField(**MAYBE)
    root_missing = s.BooleanField()


class SpanError(s.Serializer[object]):
    type = s.CharField(**MAYBE)
    message = s.CharField(**MAYBE)


class SpanFields(s.Serializer[object]):
    span_id = s.CharField(help_text="16 hex digits.")
    parent_span_id = s.CharField(**MAYBE)
    name = s.CharField()
    kind = s.ChoiceField(SPAN_KINDS)
    status = s.ChoiceField(SPAN_STATUSES)
    agent = s.CharField(**MAYBE)
    agent_inherited = s.BooleanField(help_text="The agent is that of the nearest span above that names one.")
    model = s.CharField(**MAYBE)
    request_model = s.CharField(**MAYBE, help_text="Only where it differs from the model that answered.")
    provider = s.CharField(**MAYBE)
    tool = s.CharField(**MAYBE)
    service = s.CharField(**MAYBE)
    session_id = s.CharField(**MAYBE)
    user_id = s.CharField(**MAYBE)
    start_ns = s.CharField(help_text="Unix nanoseconds.")
    end_ns = s.CharField(**MAYBE, help_text="Unix nanoseconds; null while it runs.")
    duration_ms = s.FloatField(**MAYBE)
    attempt = s.IntegerField(**MAYBE)
    input_tokens = s.IntegerField(**MAYBE)
    output_tokens = s.IntegerField(**MAYBE)
    cache_read_tokens = s.IntegerField(**MAYBE)
    cache_write_tokens = s.IntegerField(**MAYBE)
    reasoning_tokens = s.IntegerField(**MAYBE)
    usage_counted = s.BooleanField(help_text="Its tokens and cost are in the sums; a repetition's are not.")
    cost_usd = s.FloatField(**MAYBE)
    ttft_ms = s.FloatField(**MAYBE, help_text="Time to the first token.")
    error = SpanError(**MAYBE)
    pending = s.BooleanField(help_text="Announced at its start; it has not ended.")


class Span(SpanFields):
    self_ms = s.FloatField(help_text="Time that none of its children covers.")
    critical = s.BooleanField(help_text="On the trace's critical path.")
    error_origin = s.BooleanField(help_text="It failed, and nothing below it did.")


class TraceDetail(Trace):
    sessions = s.ListField(child=s.CharField())
    users = s.ListField(child=s.CharField())
    seq = s.IntegerField(help_text="Counts the trace's changes; ask for after this to get what changed since.")
    truncated = s.BooleanField(help_text="The trace has more spans than one answer holds (50,000).")
    spans = Span(many=True)


class SkeletonColumns(s.Serializer[object]):
    id = s.ListField(child=s.CharField(), help_text="16 hex digits.")
    parent = s.ListField(child=s.CharField(**MAYBE))  # type: ignore[assignment]
    start = s.ListField(child=s.IntegerField(), help_text="Nanoseconds after the trace's start_ns.")
    duration = s.ListField(child=s.IntegerField(**MAYBE), help_text="Nanoseconds; null while it runs.")
    ttft = s.ListField(child=s.IntegerField(**MAYBE), help_text="Nanoseconds.")
    kind = s.ListField(child=s.IntegerField(), help_text=", ".join(f"{k.value} {k.name.lower()}" for k in Kind))
    status = s.ListField(child=s.IntegerField(), help_text=", ".join(f"{k.value} {k.name.lower()}" for k in Status))
    flags = s.ListField(
        child=s.IntegerField(),
        help_text="Bits: 1 agent inherited, 2 usage counted, 4 pending, 8 timed out, 16 agent unsettled, 32 unpriced,"
        " 64 usage, 128 cost, 256 model told by a log record, 512 another span of the same call says the same.",
    )
    attempt = s.ListField(child=s.IntegerField(**MAYBE))
    name = s.ListField(child=s.IntegerField(), help_text="This and the other texts: a place in strings.")
    service = s.ListField(child=s.IntegerField(**MAYBE))
    agent = s.ListField(child=s.IntegerField(**MAYBE))
    model = s.ListField(child=s.IntegerField(**MAYBE))
    tool = s.ListField(child=s.IntegerField(**MAYBE))
    error_type = s.ListField(child=s.IntegerField(**MAYBE))
    error_message = s.ListField(child=s.IntegerField(**MAYBE))
    input_tokens = s.ListField(child=s.IntegerField(**MAYBE))
    output_tokens = s.ListField(child=s.IntegerField(**MAYBE))
    cost = s.ListField(child=s.FloatField(**MAYBE))


class Skeleton(s.Serializer[object]):
    trace_id = s.CharField()
    name = s.CharField(**MAYBE)
    status = s.ChoiceField(TRACE_STATUSES)
    start_ns = s.CharField()
    end_ns = s.CharField(**MAYBE)
    span_count = s.IntegerField()
    error_count = s.IntegerField()
    root_missing = s.BooleanField()
    seq = s.IntegerField()
    truncated = s.BooleanField(help_text="The trace has more spans than one answer holds (100,000).")
    strings = s.ListField(child=s.CharField())
    columns = SkeletonColumns()


class Scope(s.Serializer[object]):
    name = s.CharField()
    version = s.CharField()
    attributes = s.DictField()


class Event(s.Serializer[object]):
    name = s.CharField()
    time_ns = s.CharField()
    attributes = s.DictField()


class Link(s.Serializer[object]):
    trace_id = s.CharField()
    span_id = s.CharField()
    attributes = s.DictField()


class Part(s.Serializer[object]):
    type = s.ChoiceField(PART_TYPES)


class Message(s.Serializer[object]):
    role = s.CharField()
    parts = Part(many=True)
    name = s.CharField(required=False)
    finish_reason = s.CharField(required=False)


class Messages(s.Serializer[object]):
    system = Part(many=True)
    input = Message(many=True)
    output = Message(many=True)


class Bucket(s.Serializer[object]):
    bucket = s.ChoiceField(list(BUCKETS))
    tokens = s.IntegerField()
    usd_per_mtok = s.FloatField(**MAYBE)
    cost_usd = s.FloatField(**MAYBE)
    key = s.CharField(**MAYBE, help_text="Where the tokens were read from.")


class PriceRow(s.Serializer[object]):
    source = s.CharField(help_text="genai-prices with its version, or override.")  # type: ignore[assignment]
    provider = s.CharField(**MAYBE)
    model = s.CharField(help_text="An id, or a pattern such as gpt-4o*.")
    valid_from = s.CharField(**MAYBE)
    valid_until = s.CharField(**MAYBE, help_text="The first day without it.")
    service_tier = s.CharField(**MAYBE)
    override_id = s.IntegerField(**MAYBE)


class Pricing(s.Serializer[object]):
    counted = s.BooleanField(help_text="Its tokens and cost are in the sums.")
    why_not = s.CharField(**MAYBE)
    service_tier = s.CharField(**MAYBE)
    buckets = Bucket(many=True, help_text="Disjoint: no token is in two.")
    price = PriceRow(**MAYBE)
    formula = s.CharField(**MAYBE)
    computed_usd = s.FloatField(**MAYBE)
    reported_usd = s.FloatField(**MAYBE, help_text="What its sender said.")
    difference_usd = s.FloatField(**MAYBE, help_text="Reported less computed.")
    cost_usd = s.FloatField(**MAYBE, help_text="As stored: what the sums hold.")
    outdated = s.BooleanField(help_text="The stored cost is not what today's prices come to.")


class WholeSpan(SpanFields):
    attributes = s.DictField()
    resource = s.DictField()
    scope = Scope(**MAYBE, help_text="Null, and the others empty, when the span's batch is no longer kept.")
    events = Event(many=True)
    links = Link(many=True)
    messages = Messages()
    mapping = s.DictField(child=s.CharField(), help_text="Which source key each field was read from.")
    warnings = s.ListField(child=s.CharField())
    pricing = Pricing(**MAYBE, help_text="How its cost came about; null when it tells of no tokens and no cost.")


class AgentSpan(s.Serializer[object]):
    agent = s.CharField()
    start_time = s.FloatField(help_text="Epoch seconds.")
    duration_ms = s.FloatField(**MAYBE)
    prompt_tokens = s.IntegerField(**MAYBE)
    completion_tokens = s.IntegerField(**MAYBE)
    error = s.CharField(**MAYBE)


class CompactTrace(s.Serializer[object]):
    trace_id = s.CharField()
    spans = AgentSpan(many=True)


class Agent(s.Serializer[object]):
    agent = s.CharField()
    calls = s.IntegerField(help_text="Its own spans; so are errors, timeouts and percentiles.")
    errors = s.IntegerField()  # type: ignore[assignment]  # serializers take their fields off the class
    timeouts = s.IntegerField()
    error_rate = s.FloatField(help_text="0 to 1.")
    p50_ms = s.FloatField(**MAYBE)
    p90_ms = s.FloatField(**MAYBE)
    p95_ms = s.FloatField(**MAYBE)
    p99_ms = s.FloatField(**MAYBE)
    mean_ms = s.FloatField(**MAYBE)
    input_tokens = s.IntegerField(**MAYBE, help_text="Of the model calls attributed to it; so are output and cost.")
    output_tokens = s.IntegerField(**MAYBE)
    cost_usd = s.FloatField(**MAYBE)
    critical_share = s.FloatField(**MAYBE, help_text="Its share of all time on critical paths, 0 to 1.")


class Slot(s.Serializer[object]):
    le_ms = s.FloatField(help_text="So many calls took at most this, and longer than the slot before.")
    count = s.IntegerField()


class Latency(s.Serializer[object]):
    group = s.CharField()
    calls = s.IntegerField()
    errors = s.IntegerField()  # type: ignore[assignment]  # serializers take their fields off the class
    p50_ms = s.FloatField(**MAYBE)
    p90_ms = s.FloatField(**MAYBE)
    p95_ms = s.FloatField(**MAYBE)
    p99_ms = s.FloatField(**MAYBE)
    mean_ms = s.FloatField(**MAYBE)
    histogram = Slot(many=True)


class Model(s.Serializer[object]):
    model = s.CharField()
    provider = s.CharField(**MAYBE)
    calls = s.IntegerField(help_text="One call seen as two spans is one.")
    errors = s.IntegerField()  # type: ignore[assignment]  # serializers take their fields off the class
    input_tokens = s.IntegerField(**MAYBE)
    output_tokens = s.IntegerField(**MAYBE)
    cache_read_tokens = s.IntegerField(**MAYBE)
    cache_write_tokens = s.IntegerField(**MAYBE)
    reasoning_tokens = s.IntegerField(**MAYBE)
    cost_usd = s.FloatField(**MAYBE)
    unpriced_calls = s.IntegerField()
    p50_ms = s.FloatField(**MAYBE)
    p95_ms = s.FloatField(**MAYBE)
    ttft_p50_ms = s.FloatField(**MAYBE, help_text="To the first token, over the calls that told it.")
    ttft_p95_ms = s.FloatField(**MAYBE)


class LogRecords(s.Serializer[object]):
    received = s.IntegerField()
    stored = s.IntegerField()
    duplicate = s.IntegerField()
    rejected = s.DictField(child=s.IntegerField(), help_text="How many for each reason.")
    dead = s.IntegerField()


class Ledger(s.Serializer[object]):
    received_spans = s.IntegerField()
    stored_spans = s.IntegerField()
    duplicate_spans = s.IntegerField()
    rejected_spans = s.DictField(child=s.IntegerField(), help_text="How many for each reason.")
    pending_batches = s.IntegerField(help_text="Of now, whatever the window.")
    oldest_pending_s = s.FloatField(**MAYBE)
    dead_letters = s.IntegerField()
    log_records = LogRecords()


class Problem(s.Serializer[object]):
    code = s.CharField()
    message = s.CharField()
    field = s.CharField(**MAYBE, help_text="The parameter that is wrong.")
    position = s.IntegerField(**MAYBE, required=False, help_text="In q, characters from its start.")
    expected = s.ListField(child=s.CharField(), required=False, help_text="In q, what could have stood there.")


class Error(s.Serializer[object]):
    error = Problem()


class Search(s.Serializer[object]):
    """How far a search for text went."""

    complete = s.BooleanField(help_text="False: its time was up before the page was full; next goes on.")
    back_to = s.DateTimeField(**MAYBE, help_text="Of traces that started before it nothing is known yet.")
    unindexed_batches = s.IntegerField(help_text="So many of the newest batches are not indexed yet; they were read.")


def page_of(row: type[s.Serializer[object]], **more: s.Field[Any, Any, Any, Any]) -> s.Serializer[object]:
    """A list of rows and where it goes on, and what more its answer may say."""
    going_on = s.CharField(**MAYBE, help_text="The cursor of the next page.")
    fields: dict[str, s.Field[Any, Any, Any, Any]] = {"results": row(many=True), "next": going_on, **more}
    return inline_serializer(f"{row.__name__}List", fields)
