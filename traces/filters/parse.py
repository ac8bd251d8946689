"""Reads a filter's text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import cast

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from traces.filters.tree import And, Filter, FilterError, Node, Not, Op, Or, Term

MAX_CHARACTERS = 4000
MAX_TERMS = 100
MAX_DEPTH = 25

KEYS = (
    "status", "name", "kind", "service", "agent", "model", "provider", "tool", "pipeline", "version", "env", "session",
    "user", "trace", "run", "duration", "tokens", "input_tokens", "output_tokens", "cost", "spans", "errors", "error",
    "text", "has",
)  # fmt: skip
TERMINALS = {
    "KEY": ("a key such as status or agent",),
    "OP": (":", "!=", "<", "<=", ">", ">="),
    "BARE": ("a value",),
    "QUOTED": (),
    "LPAR": ("(",),
    "RPAR": (")",),
    "_OR": ("or",),
    "_AND": (),
    "_NOT": ("not",),
    "$END": ("the end",),
}
STAR_OR_ESCAPE = re.compile(r"\\(.)|(\*)", re.DOTALL)


def parse(text: str) -> Filter | None:
    """The filter a text says; None when it is blank. Raises FilterError with the position of what is wrong."""
    if not text.strip():
        return None
    if len(text) > MAX_CHARACTERS:
        raise FilterError(f"a filter has at most {MAX_CHARACTERS:,} characters", position=MAX_CHARACTERS)
    if "\0" in text:
        raise FilterError("a filter holds no NUL", position=text.index("\0"))
    try:
        node = cast("Node", _parser().parse(text))
    except UnexpectedInput as wrong:
        raise _explained(wrong, text) from None
    if _count(node) > MAX_TERMS:
        raise FilterError(f"a filter has at most {MAX_TERMS} terms")
    return Filter(text=text, node=node)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_Build())


@v_args(inline=True)
class _Build(Transformer[Token, Node]):
    """Makes the tree while lark parses, so that nothing recurses over what a user wrote."""

    def start(self, node: Node) -> Node:
        return node

    def any(self, *parts: Node) -> Node:
        return _shallow(Or(parts))

    def all(self, *parts: Node) -> Node:
        return _shallow(And(parts))

    def negation(self, inside: Node) -> Node:
        return _shallow(Not(inside))

    def group(self, inside: Node) -> Node:
        return inside

    def term(self, key: Token, op: Token, value: Token) -> Term:
        name, _, attribute = key.partition(".")
        name = name.lower()
        position = key.start_pos or 0
        if name not in KEYS and not attribute:
            raise FilterError(f"there is no key {name!r}", position=position, expected=(*KEYS, "attr.KEY"))
        return Term(key=name, op=Op(op), pieces=_pieces(value), position=position, attribute=attribute)


def _pieces(value: Token) -> tuple[str, ...]:
    """The literal runs of a value between its wildcards; in quotes a backslash takes a sign's meaning away."""
    if value.type == "BARE":
        return tuple(str(value).split("*"))
    pieces, end, quoted = [""], 0, value[1:-1]
    for found in STAR_OR_ESCAPE.finditer(quoted):
        pieces[-1] += quoted[end : found.start()] + (found[1] or "")
        if found[2]:
            pieces.append("")
        end = found.end()
    pieces[-1] += quoted[end:]
    return tuple(pieces)


def _shallow(node: Node) -> Node:
    if _depth(node) > MAX_DEPTH:
        raise FilterError(f"a filter nests at most {MAX_DEPTH} deep")
    return node


def _inside(node: Node) -> tuple[Node, ...]:
    return () if isinstance(node, Term) else (node.inside,) if isinstance(node, Not) else node.parts


def _depth(node: Node) -> int:
    return 1 + max((_depth(part) for part in _inside(node)), default=0)


def _count(node: Node) -> int:
    return isinstance(node, Term) + sum(_count(part) for part in _inside(node))


def _explained(wrong: UnexpectedInput, text: str) -> FilterError:
    """What lark says, in the language's own words."""
    terminals: set[str] = set()
    position = len(text)
    if isinstance(wrong, UnexpectedCharacters):
        terminals, position = set(wrong.allowed or ()), wrong.pos_in_stream or 0
    elif isinstance(wrong, UnexpectedToken):
        terminals = set(wrong.accepts or wrong.expected)
        position = len(text) if wrong.token.type == "$END" else (wrong.pos_in_stream or 0)
    elif isinstance(wrong, UnexpectedEOF):
        terminals = set(wrong.expected)
    expected = tuple(word for name, words in TERMINALS.items() if name in terminals for word in words)
    if position >= len(text):
        return FilterError("the filter ends too early", position=len(text), expected=expected)
    if text[position] == '"' and "BARE" in terminals:
        return FilterError("a quote is not closed", position=position, expected=('"',))
    return FilterError(f"unexpected {text[position]!r}", position=position, expected=expected)
