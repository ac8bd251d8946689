"""Named SQL statements: `.sql` files whose statements begin with a line `-- name: something`."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import LiteralString, cast

NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class NamedSQL:
    """The statements of one file, each an attribute: `SQL.start`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        parts = NAME.split(path.read_text(encoding="utf-8"))
        self._statements = dict(zip(parts[1::2], (text.strip() for text in parts[2::2]), strict=True))

    def __getattr__(self, name: str) -> LiteralString:
        try:
            # A file of ours is as literal as a string of ours.
            return cast("LiteralString", self._statements[name])
        except KeyError:
            raise AttributeError(f"{self._path.name} has no statement named {name!r}") from None


@cache
def named_sql(module_file: str) -> NamedSQL:
    """The statements beside a module: `named_sql(__file__)` in turns.py reads turns.sql."""
    return NamedSQL(Path(module_file).with_suffix(".sql"))
