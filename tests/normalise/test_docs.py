"""docs/dialects.md says what the code does. `python -m tests.normalise.test_docs` writes its tables anew."""

from __future__ import annotations

from pathlib import Path

from tests.normalise.traffic import FOLDER, NAMES, capture
from traces.dialects import DIALECTS, TABLES
from traces.dialects.engine import Dialect

DOCS = Path(__file__).parents[2] / "docs" / "dialects.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def test_the_tables_are_those_of_the_code() -> None:
    """Dialect, versions, what is read from where, what is not available."""
    assert _between(DOCS.read_text()) == tables()


def test_every_dialect_is_told_by_its_scopes_and_keys() -> None:
    """And says what it is, what was seen of it and what it lacks."""
    for dialect in DIALECTS:
        assert dialect.title
        for scope in dialect.scopes:
            assert TABLES.of_scope(scope.rstrip("*")).dialect is not None
        if not dialect.first and dialect.name != "plain":
            assert dialect.versions
            assert dialect.lacks


def tables() -> str:
    """The summary, the captures and then each dialect's keys."""
    lines = ["| Dialect | Versions seen | Recognised by | Not available |", "|---|---|---|---|"]
    lines += [
        f"| [{one.title}](#{_anchor(one.title)}) | {one.versions or '-'} | {_marks(one)} | {one.lacks or '-'} |"
        for one in DIALECTS
    ]
    lines += ["", "Clients whose captured traffic is checked fact by fact in `tests/normalise/captures`:", ""]
    lines += [f"* {capture(name).expected['client']} ({capture(name).expected['convention']})" for name in NAMES]
    for one in DIALECTS:
        lines += ["", f"### {one.title}", "", *_read(one)]
    return "\n".join(lines) + "\n"


def _marks(dialect: Dialect) -> str:
    scopes = "scope " + ", ".join(f"`{scope}`" for scope in dialect.scopes) if dialect.scopes else ""
    keys = "key " + ", ".join(f"`{key}`" for key in dialect.keys) if dialect.keys else ""
    return "; ".join(mark for mark in (scopes, keys) if mark) or "anything else"


def _read(dialect: Dialect) -> list[str]:
    lines = ["| Field | Keys, the best first |", "|---|---|"]
    for name, sources in (*dialect.sources.items(), *((f"resource: {k}", v) for k, v in dialect.resource.items())):
        keys = dict.fromkeys(source.key for source in sources)
        lines.append(f"| {name} | {', '.join(f'`{key}`' for key in keys)} |")
    for label, listed in (("messages and other content", dialect.content), ("not kept in the row", dialect.ignored)):
        if listed:
            lines.append(f"| {label} | {', '.join(f'`{key}`' for key in listed)} |")
    if dialect.names:
        names = (f"`{one.pattern}`" + (f" {one.kind.name.lower()}" if one.kind else "") for one in dialect.names)
        lines.append(f"| span names | {', '.join(names)} |")
    if dialect.own_name:
        lines.append(f"| named by their span | {', '.join(kind.name.lower() for kind in dialect.own_name)} |")
    if dialect.input_excludes_cache or dialect.excluding_providers:
        who = ", ".join(dialect.excluding_providers)
        says = "unless the total says otherwise" if dialect.input_excludes_cache else ""
        lines.append(f"| input leaves out cached tokens | {'; '.join(part for part in (says, who) if part)} |")
    return lines


def _anchor(title: str) -> str:
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -")
    return kept.replace(" ", "-")


def _between(text: str) -> str:
    return text.split(BEGIN)[1].split(END, maxsplit=1)[0]


if __name__ == "__main__":
    assert FOLDER.is_dir()
    before, rest = DOCS.read_text().split(BEGIN)
    DOCS.write_text(before + BEGIN + tables() + END + rest.split(END)[1])
