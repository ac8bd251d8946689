"""The filter language: what it reads, what it refuses, and that the database finds what the words say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import pytest_django
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecoa_web.accounts.models import Project
from ecoa_web.db.partitions import ensure_days
from tests.builders import conninfo, make_span, make_trace
from traces.filters import FilterError, of_rollups, of_traces, parse
from traces.filters.parse import KEYS, MAX_DEPTH, MAX_TERMS
from traces.filters.tree import And, Not, Op, Or, Term
from traces.queries.traces import newest_traces
from traces.queries.window import Window, to_ns

WORDS = ["a", "ab", "b%", "a_b", "a*b", "it's", 'say "x"', "back\\slash", "ümlaut", "with space", "(x)", "not"]
KINDS = ["agent", "llm", "tool"]
MOST = 2**62


@dataclass(frozen=True)
class Made:
    """A trace as the test made it, for the oracle."""

    status: str
    name: str | None
    agents: list[str]
    services: list[str]
    duration_ns: int | None
    tokens: int | None
    cost: float | None
    errors: int
    kinds: list[str]
    tiers: list[str] = field(default_factory=list)


def term(draw: st.DrawFn) -> tuple[str, Callable[[Made], bool]]:
    """A term's text and what it says of a trace."""
    key = draw(st.sampled_from(["status", "kind", "has", "name", "agent", "service", "attr.tier", *NUMBERS]))
    match key:
        case "status":
            value = draw(st.sampled_from(["ok", "error", "running", "waiting"]))
            return equal(draw, key, value, lambda made: made.status == value)
        case "kind":
            kind = draw(st.sampled_from([*KINDS, "human"]))
            return equal(draw, key, kind, lambda made: kind in made.kinds)
        case "has":
            return equal(draw, key, "error", lambda made: made.errors > 0)
        case "duration" | "tokens" | "cost" | "errors":
            return ordered(draw, key)
        case _:
            return worded(draw, key)


def equal(draw: st.DrawFn, key: str, value: str, holds: Callable[[Made], bool]) -> tuple[str, Callable[[Made], bool]]:
    if draw(st.booleans()):
        return f"{key}!={value}", lambda made: not holds(made)
    return f"{key}:{value}", holds


def worded(draw: st.DrawFn, key: str) -> tuple[str, Callable[[Made], bool]]:
    """A text, whole or with wildcards, always in quotes; in them a backslash takes a sign's meaning away."""
    pieces = draw(st.lists(st.sampled_from([*WORDS, ""]), min_size=1, max_size=3))
    written = "*".join(re.sub(r'([\\"*])', r"\\\1", piece) for piece in pieces)
    pattern = re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)

    def holds(made: Made) -> bool:
        name = [] if made.name is None else [made.name]
        values = {"name": name, "agent": made.agents, "service": made.services, "attr.tier": made.tiers}[key]
        return any(pattern.fullmatch(value) for value in values)

    return equal(draw, key, f'"{written}"', holds)


def ordered(draw: st.DrawFn, key: str) -> tuple[str, Callable[[Made], bool]]:
    op = draw(st.sampled_from([":", "!=", "<", "<=", ">", ">="]))
    text, number = draw(st.sampled_from(NUMBERS[key]))

    def holds(made: Made) -> bool:
        value = {"duration": made.duration_ns, "tokens": made.tokens, "cost": made.cost, "errors": made.errors}[key]
        if value is None:
            return op == "!="
        return {
            ":": value == number,
            "!=": value != number,
            "<": value < number,
            "<=": value <= number,
            ">": value > number,
            ">=": value >= number,
        }[op]

    return f"{key}{op}{text}", holds


NUMBERS: dict[str, list[tuple[str, float]]] = {
    "duration": [("0ms", 0), ("250ms", 250 * 10**6), ("1.5s", 1_500_000_000), ("2m", 120 * 10**9)],
    "tokens": [("0", 0), ("10", 10), ("1k", 1000), ("2.5k", 2500), ("1m", 10**6)],
    "cost": [("0", 0), ("0.05", 0.05), ("1.25", 1.25)],
    "errors": [("0", 0), ("1", 1), ("3", 3)],
}


@st.composite
def filters(draw: st.DrawFn, depth: int = 4) -> tuple[str, Callable[[Made], bool]]:
    """A filter's text and what it says of a trace."""
    shape = draw(st.sampled_from(["term", "and", "or", "not"]))
    if shape == "term" or not depth:
        return term(draw)
    text, holds = draw(filters(depth=depth - 1))
    if shape == "not":
        return f"not ({text})", lambda made: not holds(made)
    other_text, other_holds = draw(filters(depth=depth - 1))
    if shape == "or":
        return f"({text} or {other_text})", lambda made: holds(made) or other_holds(made)
    joiner = draw(st.sampled_from([" ", " and ", "\n"]))
    return f"({text}{joiner}{other_text})", lambda made: holds(made) and other_holds(made)


words = st.lists(st.sampled_from(WORDS), max_size=2, unique=True)
made_traces = st.lists(
    st.builds(
        Made,
        status=st.sampled_from(["ok", "error", "running", "waiting"]),
        name=st.none() | st.sampled_from(WORDS),
        agents=words,
        services=words,
        duration_ns=st.none() | st.sampled_from([0, 250 * 10**6, 1_500_000_000, 121 * 10**9]),
        tokens=st.none() | st.sampled_from([0, 10, 1000, 2500, 10**6]),
        cost=st.none() | st.sampled_from([0.0, 0.05, 1.25]),
        errors=st.sampled_from([0, 1, 3]),
        kinds=st.lists(st.sampled_from(KINDS), max_size=2),
        tiers=words,
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def today(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> None:
    """Spans of today have their partition."""
    with django_db_blocker.unblock(), psycopg.connect(conninfo(), autocommit=True) as session:
        ensure_days(session, [datetime.now(UTC).date()])
    connection.close()


@pytest.mark.slow  # a hundred filters, each over traces of its own
@pytest.mark.django_db
@pytest.mark.usefixtures("today")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked=filters(), made=made_traces)
def test_the_database_finds_what_the_words_say(asked: tuple[str, Callable[[Made], bool]], made: list[Made]) -> None:
    """Whatever the filter and the traces, wildcards, quotes and unknown values included."""
    text, holds = asked
    project = Project.objects.create(slug=f"p{Project.objects.count()}", name="any")
    ids = {store(project.pk, one): one for one in made}

    page = newest_traces(project.pk, window=Window(start_ns=0, end_ns=MOST), filter=parse(text))

    assert {row.trace_id for row in page.rows} == {trace for trace, one in ids.items() if holds(one)}, text


def store(project_id: int, made: Made) -> str:
    start_ns = to_ns(datetime.now(UTC))
    trace = make_trace(
        project_id,
        status={"ok": 1, "error": 2, "waiting": 3, "running": 0}[made.status],
        name=made.name,
        agents=made.agents,
        services=made.services,
        start_ns=start_ns,
        end_ns=None if made.duration_ns is None else start_ns + made.duration_ns,
        tokens_in=made.tokens,
        cost=made.cost,
        error_count=made.errors,
    )
    for kind in made.kinds:
        make_span(project_id, trace, kind={"agent": 2, "llm": 3, "tool": 4}[kind])
    for tier in made.tiers:
        make_span(project_id, trace, attributes=json.dumps({"tier": tier}))
    return trace


pieces_of_text = st.sampled_from(["status", ":", "ok", "(", ")", '"', "not", "or", "<", " ", "\\", "*"])


@given(st.text(max_size=60) | st.lists(pieces_of_text, max_size=20).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but FilterError comes out, with a position inside the text."""
    try:
        for means in (of_traces, of_rollups):
            means(parse(text))
    except FilterError as error:
        assert error.position is None or 0 <= error.position <= len(text)


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_a_blank_text_is_no_filter(text: str) -> None:
    """It asks for everything."""
    assert parse(text) is None


def test_terms_side_by_side_mean_and() -> None:
    """`or` binds less than that, `not` more, and words in values keep their signs."""
    found = parse("status:error agent:x-1 or not name:y service:or")

    assert found is not None
    assert isinstance(found.node, Or)
    first, second = found.node.parts
    assert isinstance(first, And)
    assert isinstance(second, And)
    assert isinstance(second.parts[0], Not)
    assert second.parts[1] == Term(key="service", op=Op.EQ, pieces=("or",), position=37)


def test_a_wildcard_in_quotes_can_be_escaped() -> None:
    r"""`*` matches any run, `\*` itself, in quotes too."""
    found = parse(r'name:"a * b\* \"c\""')

    assert found is not None
    assert isinstance(found.node, Term)
    assert found.node.pieces == ("a ", ' b* "c"')


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("status", 6, ":"),
        ("status:", 7, "a value"),
        ("(status:ok", 10, ")"),
        ("status:ok )", 10, "the end"),
        ("status:ok or", 12, "a key such as status or agent"),
        ('name:"abc', 5, '"'),
        ("colour:red", 0, "status"),
        ("status:blue", 0, "ok"),
        ("agent:x kind:robot", 8, "tool"),
        ("duration>3", 0, "a duration such as 250ms, 3s or 2m"),
        ("tokens>many", 0, "a number such as 5, 0.05 or 10k"),
        ("agent<x", 0, "agent:"),
        ("has:wings", 0, "error"),
    ],
)
def test_a_wrong_text_is_refused_with_its_place(text: str, position: int, expected: str) -> None:
    """The position of what is wrong, and what was expected there."""
    with pytest.raises(FilterError) as refused:
        of_traces(parse(text))

    assert refused.value.position == position
    assert expected in refused.value.expected


@pytest.mark.parametrize(
    "text",
    [
        " ".join(["status:ok"] * (MAX_TERMS + 1)),
        "(" * 3000 + "status:ok" + ")" * 3000,
        "not " * (MAX_DEPTH + 1) + "status:ok",
        "name:" + "x" * 5000,
        "name:a\0b",
    ],
)
def test_a_monstrous_text_is_refused(text: str) -> None:
    """Too many terms, too deep, too long, or what no database stores."""
    with pytest.raises(FilterError):
        parse(text)


def test_parentheses_alone_are_not_depth() -> None:
    """Within the length of a text any number of them is read."""
    assert parse("(" * 500 + "status:ok" + ")" * 500) is not None


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("status", "kind", "has")])
def test_every_key_is_understood(project: Project, key: str) -> None:
    """Each key of the language runs as SQL, with a value of its sort."""
    value = {"duration": "3s"}.get(key, "1")

    page = newest_traces(
        project.pk, window=Window(start_ns=0, end_ns=MOST), filter=parse(f"{key}:{value} or {key}!={value}")
    )

    assert page.rows == []


@pytest.mark.parametrize(
    ("seconds", "status"), [(10, "running"), (400, "ok")], ids=["still arriving", "silent for long"]
)
def test_an_open_trace_runs_while_spans_arrive(project: Project, seconds: int, status: str) -> None:
    """After five silent minutes it is shown by its errors, and the filter agrees with what is shown."""
    make_trace(project.pk, status=0, root_id=None, last_seen=datetime.now(UTC) - timedelta(seconds=seconds))

    page = newest_traces(project.pk, window=Window(start_ns=0, end_ns=MOST), filter=parse(f"status:{status}"))

    assert [row.status for row in page.rows] == [status]
    assert page.rows[0].root_missing


@pytest.mark.usefixtures("today")
def test_a_run_leads_to_its_trace(project: Project) -> None:
    """By its id, whole or its beginning with a wildcard."""
    run_id = "01a2047a-6be4-7867-b103-86a2326d06c6"
    trace = make_trace(project.pk)
    make_span(project.pk, trace, attributes=json.dumps({"ecoa.run.id": run_id}))
    make_trace(project.pk)

    for text in (f"run:{run_id}", "run:01a2047a*"):
        page = newest_traces(project.pk, window=Window(start_ns=0, end_ns=MOST), filter=parse(text))

        assert [row.trace_id.replace("-", "") for row in page.rows] == [trace]
