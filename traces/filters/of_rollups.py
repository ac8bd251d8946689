"""What the language's keys mean of a rollup's key (alias k)."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg import sql

from traces.filters.condition import Compile, Condition, Parameters, condition, text
from traces.filters.of_traces import KINDS
from traces.filters.tree import Filter, Term
from traces.filters.values import equality, one_of


def of_rollups(filter: Filter | None) -> Condition:
    """What a filter means of a row of traces_rollup_key with the alias k; other keys raise FilterError."""
    return condition(filter, KEYS, about="figures, which are kept per service, agent, model and the like")


def _kind(term: Term, parameters: Parameters) -> sql.Composable:
    equality(term)
    return sql.SQL("k.kind = {}").format(parameters.bind(int(KINDS[one_of(term, KINDS)])))


KEYS: Mapping[str, Compile] = {
    "kind": _kind,
    "service": text("k.service"),
    "agent": text("k.agent"),
    "model": text("k.model"),
    "provider": text("k.provider"),
    "tool": text("k.tool"),
    "pipeline": text("k.pipeline"),
    "version": text("k.version"),
    "env": text("k.environment"),
}
