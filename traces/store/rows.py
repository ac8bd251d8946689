"""A span as one line of COPY text: nothing between two tabs is null; text is escaped only where it has to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from traces.settle import Decided
    from traces.span import Span, Usage
    from traces.store.claim import Claimed

ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NO_USAGE = "\t\t\t\t"
NO_ERROR = "\t"
SMALL = tuple(str(number) for number in range(32))  # enum members as text: formatting one is slow
NAMES = 12  # text columns in a row of copy_spans


def batch_columns(batch: Claimed) -> str:
    """The columns that all spans of a batch share."""
    return f"{batch.batch_id}\t{batch.project_id}\t{batch.day}"


def line(one: Decided, shared: str, seq: int) -> str:
    """A decided span, in the column order of copy_spans."""
    span = one.span
    start, end, parent, cost, reported = span.start_ns, span.end_ns, span.parent_id, span.cost, span.reported_cost
    response, ttft, attempt, critical = span.response_key, span.ttft_ns, span.attempt, one.critical_ns
    return (
        f"{span.trace_id}\t{shared}\t{span.span_id}\t{'' if parent is None else parent}\t{start}\t"
        f"{'' if end is None else end - start}\t{span.ordinal}\t{seq}\t"
        f"{SMALL[span.kind]}\t{SMALL[span.status]}\t{one.flags}\t"
        f"{_names(span, one.agent)}\t"
        f"{NO_USAGE if span.usage is None else _usage(span.usage)}\t{'' if cost is None else cost}\t"
        f"{'' if reported is None else reported}\t"
        f"{'' if response is None else response}\t{'' if ttft is None else ttft}\t"
        f"{'' if attempt is None else attempt}\t{'' if critical is None else critical}\t"
        f"{'' if span.scope_key is None else span.scope_key}\t"
        f"{NO_ERROR if span.error_type is None and span.error_message is None else _error(span)}\t"
        f"{_json(span.attributes) if span.attributes else ''}\n"
    )


def _names(span: Span, agent: str | None) -> str:
    names = (
        span.name or "unnamed",  # an empty name would be null
        span.service or "",
        span.version or "",
        span.environment or "",
        span.pipeline or "",
        agent or "",
        span.model or "",
        span.request_model or "",
        span.provider or "",
        span.tool or "",
        span.session or "",
        span.user or "",
    )
    joined = "\t".join(names)
    if "\\" in joined or "\n" in joined or "\r" in joined or joined.count("\t") != NAMES - 1:
        return "\t".join([name.translate(ESCAPES) for name in names])
    return joined


def _usage(usage: Usage) -> str:
    return (
        f"{_number(usage.uncached)}\t{_number(usage.cache_read)}\t{_number(usage.cache_write)}\t"
        f"{_number(usage.output_text)}\t{_number(usage.reasoning)}"
    )


def _error(span: Span) -> str:
    return f"{(span.error_type or '').translate(ESCAPES)}\t{(span.error_message or '').translate(ESCAPES)}"


def _number(value: int | None) -> int | str:
    return "" if value is None else value


def _json(attributes: dict[str, object]) -> str:
    """JSON has no raw tab or break, only backslashes to double."""
    text = orjson.dumps(attributes).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text
