"""What the language's keys mean of a trace (alias t) and of the spans in it (alias s)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import LiteralString

from psycopg import sql

from traces.filters.condition import COMPARISONS, Compile, Condition, Parameters, condition, fits, ordered, text
from traces.filters.tree import Filter, FilterError, Op, Term
from traces.filters.values import duration_ns, equality, like, number, one_of
from traces.search.phrase import Phrase
from traces.span import Kind

# A trace as it stands now: one that is open runs while its spans still arrive. The one place that says so.
STATUS: LiteralString = """CASE t.status WHEN 1 THEN 'ok' WHEN 2 THEN 'error' WHEN 3 THEN 'waiting' ELSE
 CASE WHEN t.last_seen > now() - interval '5 minutes' THEN 'running' WHEN t.error_count > 0 THEN 'error' ELSE 'ok' END
 END"""
# Each says the same as STATUS = '...', in a form that an index can serve.
IS_STATUS: Mapping[str, LiteralString] = {
    "ok": "(t.status = 1 OR t.status = 0 AND t.error_count = 0 AND t.last_seen <= now() - interval '5 minutes')",
    "error": "(t.status = 2 OR t.status = 0 AND t.error_count > 0 AND t.last_seen <= now() - interval '5 minutes')",
    "running": "(t.status = 0 AND t.last_seen > now() - interval '5 minutes')",
    "waiting": "t.status = 3",
}
INPUT_TOKENS: LiteralString = """CASE WHEN num_nonnulls(t.tokens_in, t.tokens_cache_read, t.tokens_cache_write) > 0 THEN
 coalesce(t.tokens_in, 0) + coalesce(t.tokens_cache_read, 0) + coalesce(t.tokens_cache_write, 0) END"""
OUTPUT_TOKENS: LiteralString = """CASE WHEN num_nonnulls(t.tokens_out, t.tokens_reasoning) > 0 THEN
 coalesce(t.tokens_out, 0) + coalesce(t.tokens_reasoning, 0) END"""
TOKENS: LiteralString = """CASE WHEN num_nonnulls(t.tokens_in, t.tokens_cache_read, t.tokens_cache_write, t.tokens_out,
 t.tokens_reasoning) > 0 THEN coalesce(t.tokens_in, 0) + coalesce(t.tokens_cache_read, 0)
 + coalesce(t.tokens_cache_write, 0) + coalesce(t.tokens_out, 0) + coalesce(t.tokens_reasoning, 0) END"""
ANY_SPAN = sql.SQL(
    "EXISTS (SELECT FROM traces_span s WHERE s.trace_id = t.trace_id AND s.project_id = t.project_id"
    " AND s.day BETWEEN t.first_day AND t.last_day AND {})"
)
KINDS = {kind.name.lower(): kind for kind in Kind}
HAS: Mapping[str, LiteralString] = {
    "error": "t.error_count > 0",
    "root": "t.root_id IS NOT NULL",
    "name": "t.name IS NOT NULL",
    "service": "t.services <> ARRAY[]::text[]",
    "agent": "t.agents <> ARRAY[]::text[]",
    "model": "t.models <> ARRAY[]::text[]",
    "tool": "t.tools <> ARRAY[]::text[]",
    "session": "t.sessions <> ARRAY[]::text[]",
    "user": "t.users <> ARRAY[]::text[]",
    "pipeline": "t.pipeline IS NOT NULL",
    "version": "t.version IS NOT NULL",
    "env": "t.environment IS NOT NULL",
    "tokens": TOKENS + " IS NOT NULL",
    "cost": "t.cost IS NOT NULL",
    "duration": "t.end_ns IS NOT NULL",
}
HAS_SPAN: Mapping[str, LiteralString] = {"provider": "s.provider IS NOT NULL"}


def of_traces(filter: Filter | None, *, found: Mapping[Phrase, Collection[str]] | None = None) -> Condition:
    """What a filter means of a row of traces_trace with the alias t; `found` says which traces have its phrases."""
    return condition(filter, KEYS | {"text": _text(found or {})}, about="traces")


def _status(term: Term, _: Parameters) -> sql.Composable:
    equality(term)
    return sql.SQL(IS_STATUS[one_of(term, IS_STATUS)])


def _kind(term: Term, parameters: Parameters) -> sql.Composable:
    equality(term)
    return ANY_SPAN.format(sql.SQL("s.kind = {}").format(parameters.bind(int(KINDS[one_of(term, KINDS)]))))


def _listed(column: LiteralString) -> Compile:
    """Some value of an array fits."""

    def compile(term: Term, parameters: Parameters) -> sql.Composable:
        equality(term)
        if len(term.pieces) == 1:
            return sql.SQL("{} @> {}::text[]").format(sql.SQL(column), parameters.bind([term.value]))
        pattern = parameters.bind(like(term.pieces))
        return sql.SQL("EXISTS (SELECT FROM unnest({}) value WHERE value LIKE {})").format(sql.SQL(column), pattern)

    return compile


def _of_a_span(column: LiteralString) -> Compile:
    """Some span's text fits."""

    def compile(term: Term, parameters: Parameters) -> sql.Composable:
        equality(term)
        return ANY_SPAN.format(fits(sql.SQL(column), term, parameters))

    return compile


def _trace(term: Term, parameters: Parameters) -> sql.Composable:
    """A trace id in hex, whole or with a wildcard; dashes and case do not matter."""
    equality(term)
    pieces = tuple(piece.replace("-", "").lower() for piece in term.pieces)
    if len(pieces) == 1 and len(pieces[0]) == 32 and not pieces[0].strip("0123456789abcdef"):
        return sql.SQL("t.trace_id = {}::uuid").format(parameters.bind(pieces[0]))
    return sql.SQL("replace(t.trace_id::text, '-', '') LIKE {}").format(parameters.bind(like(pieces)))


def _run(term: Term, parameters: Parameters) -> sql.Composable:
    """A span says so: ecoa's do, and those that ran inside them."""
    equality(term)
    return ANY_SPAN.format(fits(sql.SQL("s.attributes ->> 'ecoa.run.id'"), term, parameters))


def _attribute(term: Term, parameters: Parameters) -> sql.Composable:
    """An attribute of some span: as text for `:`, as a number for `<` and its like."""
    key = parameters.bind(term.attribute)
    if term.op in (Op.EQ, Op.NE):
        return ANY_SPAN.format(fits(sql.SQL("s.attributes ->> {}").format(key), term, parameters))
    numeric = sql.SQL(
        "CASE jsonb_typeof(s.attributes -> {key}) WHEN 'number' THEN (s.attributes -> {key})::numeric END {op} {value}"
    )
    return ANY_SPAN.format(numeric.format(key=key, op=COMPARISONS[term.op], value=parameters.bind(number(term))))


def _text(found: Mapping[Phrase, Collection[str]]) -> Compile:
    """Some text of some span has the phrase: traces.queries.search finds out."""

    def compile(term: Term, parameters: Parameters) -> sql.Composable:
        equality(term)
        phrase = Phrase.of(term.pieces)
        if not phrase.words:
            raise FilterError(
                "text has no word in it", position=term.position, expected=("a word, or a phrase in quotes",)
            )
        return sql.SQL("t.trace_id = ANY({}::uuid[])").format(parameters.bind(list(found.get(phrase, ()))))

    return compile


def _has(term: Term, parameters: Parameters) -> sql.Composable:
    equality(term)
    if term.value.startswith("attr."):
        return ANY_SPAN.format(sql.SQL("s.attributes ? {}").format(parameters.bind(term.value.removeprefix("attr."))))
    if term.value in HAS_SPAN:
        return ANY_SPAN.format(sql.SQL(HAS_SPAN[term.value]))
    try:
        return sql.SQL("({})").format(sql.SQL(HAS[term.value]))
    except KeyError:
        message = f"has cannot be {term.value!r}"
        raise FilterError(message, position=term.position, expected=(*HAS, *HAS_SPAN, "attr.KEY")) from None


KEYS: dict[str, Compile] = {
    "status": _status,
    "name": text("t.name"),
    "kind": _kind,
    "service": _listed("t.services"),
    "agent": _listed("t.agents"),
    "model": _listed("t.models"),
    "provider": _of_a_span("s.provider"),
    "tool": _listed("t.tools"),
    "pipeline": text("t.pipeline"),
    "version": text("t.version"),
    "env": text("t.environment"),
    "session": _listed("t.sessions"),
    "user": _listed("t.users"),
    "trace": _trace,
    "run": _run,
    "duration": ordered("(t.end_ns - t.start_ns)", duration_ns),
    "tokens": ordered("(" + TOKENS + ")", number),
    "input_tokens": ordered("(" + INPUT_TOKENS + ")", number),
    "output_tokens": ordered("(" + OUTPUT_TOKENS + ")", number),
    "cost": ordered("t.cost", number),
    "spans": ordered("t.span_count", number),
    "errors": ordered("t.error_count", number),
    "error": _of_a_span("s.error_type"),
    "attr": _attribute,
    "has": _has,
}
