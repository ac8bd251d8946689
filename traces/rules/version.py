"""The version of the rules that spans are read with: the same wherever the same code and the same own rules run."""

from __future__ import annotations

import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from traces.rules.rule import Rule

_HERE = Path(__file__).parent.parent
# What decides how a span is read. Comments and layout do not count.
_FILES = ("decode.py", "messages.py", "normalise.py", "span.py", "values.py", "dialects/*.py")
_SILENT = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.ENCODING, tokenize.INDENT, tokenize.NEWLINE})
_DIGITS = 10


def version_of(rules: Iterable[Rule]) -> str:
    """The version of the built-in rules with these."""
    told = "\n".join(repr(tuple(rule[1:])) for rule in rules)
    return hashlib.sha256(f"{BUILT_IN}\n{told}".encode()).hexdigest()[:_DIGITS] if told else BUILT_IN


@cache
def _built_in() -> str:
    digest = hashlib.sha256()
    for pattern in _FILES:
        for path in sorted(_HERE.glob(pattern)):
            digest.update(path.name.encode())
            for kind, text, *_ in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
                if kind not in _SILENT:
                    digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:_DIGITS]


BUILT_IN = _built_in()
