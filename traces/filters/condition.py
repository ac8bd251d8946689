"""Turns a filter's tree into one SQL condition with bound parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg import sql

from traces.filters.tree import And, Filter, FilterError, Node, Not, Op, Or, Term
from traces.filters.values import equality, like

type Compile = Callable[[Term, Parameters], sql.Composable]

JOINERS = {And: sql.SQL(" AND "), Or: sql.SQL(" OR ")}
COMPARISONS: Mapping[Op, sql.SQL] = {
    Op.EQ: sql.SQL("="),
    Op.LT: sql.SQL("<"),
    Op.LE: sql.SQL("<="),
    Op.GT: sql.SQL(">"),
    Op.GE: sql.SQL(">="),
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values bound so far, by the names of their placeholders."""

    values: dict[str, object] = field(default_factory=dict)

    def bind(self, value: object) -> sql.Placeholder:
        """A placeholder for one more value."""
        name = f"filter{len(self.values)}"
        self.values[name] = value
        return sql.Placeholder(name)


@dataclass(frozen=True, slots=True)
class Condition:
    """A boolean expression and the parameters it needs."""

    sql: sql.Composable
    parameters: dict[str, object]


EVERYTHING = Condition(sql.SQL("true"), {})


def condition(filter: Filter | None, keys: Mapping[str, Compile], *, about: str) -> Condition:
    """What a filter means where only these keys are known; a term with another key raises FilterError."""
    if filter is None:
        return EVERYTHING
    parameters = Parameters()

    def compiled(node: Node) -> sql.Composable:
        match node:
            case Not(inside):
                return sql.SQL("({}) IS NOT TRUE").format(compiled(inside))
            case And(parts) | Or(parts):
                return sql.SQL("({})").format(JOINERS[type(node)].join([compiled(part) for part in parts]))
            case Term():
                return term(node)

    def term(term: Term) -> sql.Composable:
        if term.key not in keys:
            message = f"{term.label} cannot be asked of {about}"
            raise FilterError(message, position=term.position, expected=tuple(keys))
        positive = keys[term.key](term, parameters)
        return sql.SQL("({}) IS NOT TRUE").format(positive) if term.op is Op.NE else positive

    return Condition(compiled(filter.node), parameters.values)


def text(expression: LiteralString) -> Compile:
    """A text that equals the value or fits its wildcards."""

    def compile(term: Term, parameters: Parameters) -> sql.Composable:
        equality(term)
        return fits(sql.SQL(expression), term, parameters)

    return compile


def fits(expression: sql.Composable, term: Term, parameters: Parameters) -> sql.Composable:
    """`=` for a plain value, LIKE for one with wildcards."""
    if len(term.pieces) == 1:
        return sql.SQL("{} = {}").format(expression, parameters.bind(term.value))
    return sql.SQL("{} LIKE {}").format(expression, parameters.bind(like(term.pieces)))


def ordered(expression: LiteralString, read: Callable[[Term], float]) -> Compile:
    """A number compared with the value as `read` reads it."""

    def compile(term: Term, parameters: Parameters) -> sql.Composable:
        comparison = COMPARISONS[Op.EQ if term.op is Op.NE else term.op]
        return sql.SQL("{} {} {}").format(sql.SQL(expression), comparison, parameters.bind(read(term)))

    return compile
