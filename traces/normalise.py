"""From a span as it was sent to the span as ECOA understands it, by the rules of traces.dialects.

Never raises, whatever the attributes hold. Fields that a dialect may fill:
    kind pipeline agent model request_model provider tool session user attempt cost response_key ttft error_type
    input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens total_tokens
    uncached_tokens, text_tokens (input without cached, output without reasoning ones, where they are counted apart)
    agent_name, tool_name (names that count on a span of that kind only), first_token_at (a moment), failed and
    error_message (of a failure that no status tells)
    retrieval, protocol, loop (evidence of a kind), server_address (evidence of a provider); of the resource: service
    version environment
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from traces import messages
from traces.decode import RawSpan, Resource
from traces.dialects import TABLES
from traces.dialects.engine import CONTENT, Claim, Dialect, Tables
from traces.dialects.names import Match
from traces.dialects.plain import PLAIN
from traces.dialects.providers import settled
from traces.dialects.vocabulary import LABEL_LENGTH
from traces.ids import span_int
from traces.outcome import Fault, outcome
from traces.span import MODEL_KINDS, Kind, Span, Status, Usage
from traces.values import Value

NAME_LENGTH = 300
MAX_ATTRIBUTES = 64
MAX_ATTRIBUTES_SIZE = 4_096
DAY_NS = 86_400 * 10**9
_MAX_NS = (1 << 63) - 1

type Won = dict[str, Claim]
type Held = dict[str, Any]  # Any: each field's readers give its type


def normalise(raw: RawSpan, received_ns: int | None = None, tables: Tables = TABLES) -> Span:
    """The normalised span. received_ns, when the batch arrived, corrects times that cannot be true; `tables` are the
    rules, the built-in ones or those with a project's own.

    A pending marker becomes the span that it announces: with its id and parent, and pending.
    """
    return _normalise(raw, received_ns, None, tables)


def normalise_explained(
    raw: RawSpan, received_ns: int | None = None, tables: Tables = TABLES
) -> tuple[Span, dict[str, str]]:
    """The normalised span, and for each field that was filled the attribute key (or other place) that filled it."""
    mapping: dict[str, str] = {}
    return _normalise(raw, received_ns, mapping, tables), mapping


def service_of(resource: Resource, tables: Tables = TABLES) -> str | None:
    """The service that a resource names."""
    return _resource(resource, tables).service


def _normalise(raw: RawSpan, received_ns: int | None, mapping: dict[str, str] | None, tables: Tables) -> Span:
    dialect, won, small = tables.collect(raw)
    held: Held = {name: claim[2] for name, claim in won.items()}
    get = held.get
    resource = _resource(raw.resource, tables)
    warnings: list[str] = []
    announced = _announced(raw, small)
    span_id, parent_id = announced or (raw.span_id, raw.parent_id)
    if raw.parent_invalid:
        warnings.append("invalid_parent_id")
    start_ns, end_ns = _times(raw, received_ns, announced is not None, warnings)
    name = raw.name if len(raw.name) <= NAME_LENGTH else raw.name[: NAME_LENGTH - 1] + "…"
    named = tables.named(dialect, name)
    if named.fills and named.fills not in held and named.value is not None:
        held[named.fills] = named.value
    kind, kind_source = _kind(won, held, named, dialect, raw, parent_id)
    status, fault = outcome(raw, won)
    if kind in MODEL_KINDS and "model_name" in held:
        held.setdefault("request_model", held["model_name"])
    request_model = get("request_model")
    model = get("model") or request_model
    agent, tool, pipeline = _names(held, kind, name, dialect)
    if named.wins and kind is not Kind.TOOL:
        tool = None
    pending = end_ns is None
    if pending and kind is Kind.HUMAN and status is not Status.ERROR:
        status = Status.WAITING
    span = Span(
        trace_id=raw.trace_id,
        span_id=span_id,
        parent_id=parent_id,
        name=name,
        kind=kind,
        status=status,
        start_ns=start_ns,
        end_ns=end_ns,
        ordinal=raw.ordinal,
        service=resource.service,
        version=resource.version,
        environment=resource.environment,
        pipeline=pipeline,
        agent=agent,
        model=model,
        request_model=request_model if request_model != model else None,
        provider=settled(get("provider"), get("server_address"), model) if model or "provider" in held else None,
        tool=tool,
        session=get("session"),
        user=get("user"),
        usage=usage_of(held, dialect, warnings),
        reported_cost=get("cost"),
        response_key=get("response_key"),
        ttft_ns=_ttft(held, start_ns, end_ns, warnings),
        attempt=get("attempt"),
        pending=pending,
        scope_key=raw.scope.key if kind in MODEL_KINDS else None,
        attributes=_bounded(small, warnings),
    )
    if fault is not None:
        span.error_type, span.error_message = fault.type, fault.message
        span.timed_out = fault.timed_out
    if (parent_id is None or kind is Kind.AGENT) and (CONTENT in won or _has_messages(raw)):
        conversation = messages.conversation(raw)
        span.input_preview = messages.input_preview(conversation)
        span.output_preview = messages.output_preview(conversation)
    if warnings:
        span.warnings = tuple(warnings)
    if mapping is not None:
        _explain(mapping, span, won, resource, kind_source, fault)
    return span


# --- identity and time


def _announced(raw: RawSpan, small: dict[str, Value]) -> tuple[int, int | None] | None:
    """The id and parent of the span whose start this marker announces; None for any other span."""
    if small.get("logfire.span_type") != "pending_span" or raw.parent_id is None:
        return None
    parent = small.get("logfire.pending_parent_id")
    for key in ("logfire.span_type", "logfire.pending_parent_id"):
        small.pop(key, None)
    try:
        return raw.parent_id, (span_int(parent) or None) if isinstance(parent, str) else None
    except ValueError:
        return raw.parent_id, None


def _times(raw: RawSpan, received_ns: int | None, announced: bool, warnings: list[str]) -> tuple[int, int | None]:
    """Start and end as stored: within what the columns hold, in order, not in the future; None for no end."""
    start, end = raw.start_ns, raw.end_ns
    latest = _MAX_NS if received_ns is None else received_ns + DAY_NS
    if 0 < start <= end <= latest and not announced:
        return start, end
    if start == 0:
        warnings.append("no_start")
        start = min(end, latest) or received_ns or 0
    if start > latest:
        warnings.append("start_in_future")
        shift = start - (received_ns or _MAX_NS)
        start, end = start - shift, max(end - shift, 0) if end else 0
    if announced:
        return start, None
    if end == 0:
        warnings.append("no_end")
        return start, None
    if end > latest:
        warnings.append("end_in_future")
        end = max(start, received_ns or _MAX_NS)
    if end < start:
        warnings.append("ends_before_start")
        end = start
    return start, end


def _ttft(held: Held, start_ns: int, end_ns: int | None, warnings: list[str]) -> int | None:
    waited: int | None = held.get("ttft")
    if waited is None and "first_token_at" in held:
        waited = max(held["first_token_at"] - start_ns, 0)
    if waited is not None and end_ns is not None and waited > end_ns - start_ns:
        warnings.append("ttft_exceeds_duration")
        return None
    return waited


# --- what it is


def _kind(
    won: Won, held: Held, named: Match, dialect: Dialect | None, raw: RawSpan, parent_id: int | None
) -> tuple[Kind, str]:
    """The kind and what told it. A step that is called like its agent is the agent's run; one at the top a pipeline."""
    claim = won.get("kind")
    if claim is not None and not named.wins:
        kind, source = claim[2], claim[3]
    elif named.kind is not None:
        kind, source = named.kind, "name"
    else:
        return _kind_by_evidence(won, parent_id)
    if kind is Kind.AGENT:
        if dialect is not None and "agent" not in held and "agent_name" not in held:
            kind = dialect.unnamed_agent
    elif kind is Kind.CHAIN and (
        held.get("agent") == raw.name or ("loop" in held and ("agent" in held or "agent_name" in held))
    ):
        kind = Kind.AGENT
    if kind is Kind.CHAIN and parent_id is None:
        kind = Kind.PIPELINE
    return kind, source  # type: ignore[return-value]  # a kind's readers give kinds


def _kind_by_evidence(won: Won, parent_id: int | None) -> tuple[Kind, str]:
    for evidence, kind in (("tool", Kind.TOOL), ("retrieval", Kind.RETRIEVER)):
        if evidence in won:
            return kind, won[evidence][3]
    model = won.get("model") or won.get("request_model")
    if model is not None and (CONTENT in won or "input_tokens" in won or "output_tokens" in won):
        return Kind.LLM, model[3]
    protocol = won.get("protocol")
    if parent_id is None and (protocol is None or any(claim[3] not in _PLAIN_KEYS for claim in won.values())):
        return Kind.PIPELINE, "root"
    return (Kind.CHAIN, "default") if protocol is None else (Kind.OTHER, protocol[3])


_PLAIN_KEYS = frozenset(source.key for sources in PLAIN.sources.values() for source in sources) | set(PLAIN.content)


def _names(held: Held, kind: Kind, name: str, dialect: Dialect | None) -> tuple[str | None, str | None, str | None]:
    """The names of the agent, the tool and the pipeline."""
    agent, tool, pipeline = held.get("agent"), held.get("tool"), held.get("pipeline")
    if kind is Kind.AGENT and agent is None:
        agent = held.get("agent_name") or _own_name(kind, name, dialect)
        if agent == held.get("request_model"):  # "invoke_agent gpt-4o": named after its model, it has no name
            agent = None
    elif kind is Kind.TOOL and tool is None:
        tool = held.get("tool_name") or _own_name(kind, name, dialect)
    elif kind is Kind.PIPELINE:
        if agent is not None and name == f"invoke_{agent}":  # a graph or swarm of agents
            pipeline, agent = pipeline or agent, None
        pipeline = pipeline or name[:LABEL_LENGTH] or None
    return agent, tool, pipeline


def _own_name(kind: Kind, name: str, dialect: Dialect | None) -> str | None:
    """The span's name where that is what an agent or a tool is called."""
    if dialect is None or kind not in dialect.own_name:
        return None
    for suffix in dialect.suffixes:
        if name.endswith(suffix):
            name = name[: -len(suffix)]
            break
    if dialect.no_names is not None and dialect.no_names.match(name):
        return None
    return name.strip()[:LABEL_LENGTH] or None


# --- tokens


def usage_of(held: Held, dialect: Dialect | None, warnings: list[str]) -> Usage | None:
    """The five buckets. Whether input counts cached tokens: the sum says, else the sizes, else the dialect."""
    given, output = held.get("input_tokens"), held.get("output_tokens")
    uncached, text = held.get("uncached_tokens", given), held.get("text_tokens", output)
    read, written = held.get("cache_read_tokens"), held.get("cache_write_tokens")
    reasoning = held.get("reasoning_tokens")
    if uncached is None and text is None and read is None and written is None and reasoning is None:
        return None
    cached = (read or 0) + (written or 0)
    if given is not None and cached and "uncached_tokens" not in held and not _excludes(given, cached, held, dialect):
        uncached = given - cached
    if text is not None and reasoning and "text_tokens" not in held:
        if reasoning <= text:
            text -= reasoning
        else:
            warnings.append("reasoning_exceeds_output")
    return Usage(uncached=uncached, cache_read=read, cache_write=written, output_text=text, reasoning=reasoning)


def _excludes(given: int, cached: int, held: Held, dialect: Dialect | None) -> bool:
    """Whether the input tokens leave out cached ones."""
    if cached > given:
        return True
    output, total = held.get("output_tokens") or 0, held.get("total_tokens")
    if total is not None and total == given + output + cached:
        return True
    if dialect is None:
        return False
    if dialect.excluding_providers:
        provider = settled(held.get("provider"), None, held.get("model") or held.get("request_model"))
        if provider in dialect.excluding_providers:
            return True
    return dialect.input_excludes_cache and (total is None or total != given + output)


# --- the rest


def _has_messages(raw: RawSpan) -> bool:
    """Whether an event may hold messages; reading those of an exception would be in vain."""
    return any(b"gen_ai." in event for event in raw.raw_events)


class _Of(NamedTuple):
    """What a resource tells of its spans."""

    service: str | None
    version: str | None
    environment: str | None
    won: Won


def _resource(resource: Resource, tables: Tables) -> _Of:
    known: tuple[Tables, _Of] | None = resource.known.get(_NORMALISED)
    if known is None or known[0] is not tables:  # two projects may send the same resource and read it differently
        won, _ = tables.resource.collect(resource.raw_attributes)
        held: Held = {name: claim[2] for name, claim in won.items()}
        known = tables, _Of(held.get("service"), held.get("version"), held.get("environment"), won)
        resource.known[_NORMALISED] = known
    return known[1]


_NORMALISED = "normalised"
_SURELY_FEW = 10  # attributes that cannot be over the size: 10 * (128 + 256) < 4,096


def _bounded(small: dict[str, Value], warnings: list[str]) -> dict[str, object]:
    if len(small) <= _SURELY_FEW:
        return cast("dict[str, object]", small)
    kept: dict[str, object] = {}
    size = 0
    for key, value in small.items():
        size += len(key) + (len(value) if isinstance(value, str) else len(str(value)))
        if size > MAX_ATTRIBUTES_SIZE or len(kept) >= MAX_ATTRIBUTES:
            warnings.append("attributes_cut")
            break
        kept[key] = value
    return kept


def _explain(
    mapping: dict[str, str], span: Span, won: Won, resource: _Of, kind_source: str, fault: Fault | None
) -> None:
    for claim in (*won.values(), *resource.won.values()):
        if claim[0] in _SHOWN:
            mapping[claim[0]] = claim[3]
    mapping["kind"] = kind_source
    if fault is not None:
        mapping["error_type"] = fault.source
    else:
        mapping.pop("error_type", None)
    if span.agent and "agent" not in mapping:
        mapping["agent"] = "name"
    if span.pipeline and "pipeline" not in mapping:
        mapping["pipeline"] = "name"
    if span.tool and "tool" not in mapping:
        mapping["tool"] = "name"
    if span.model and "model" not in mapping:
        mapping["model"] = mapping["request_model"]


_SHOWN = frozenset(
    {
        *("pipeline", "agent", "model", "request_model", "provider", "tool", "session", "user", "attempt", "cost"),
        *("response_key", "ttft", "error_type", "input_tokens", "output_tokens", "cache_read_tokens"),
        *("cache_write_tokens", "reasoning_tokens", "service", "version", "environment"),
    }
)
