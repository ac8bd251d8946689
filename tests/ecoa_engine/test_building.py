"""Pipelines are data: built in any way, names that stay, a definition that can be compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from ecoa.agent import Agent, agent
from ecoa.errors import Misuse
from ecoa.graph import registry
from ecoa.orchestrator import Pipeline
from tests.ecoa_engine.cast import double, inc, total


def names(pipeline: Pipeline) -> list[str]:
    """Of its nodes."""
    return [name for name, _ in pipeline.chain.nodes()]


def test_names_are_stable_and_unique() -> None:
    """The second of a name is #2, whichever way the pipeline is built."""
    built = Pipeline("p", inc, double, inc)

    assert names(built) == ["inc", "double", "inc#2"]
    assert names(Pipeline("p").then(inc).then(double, inc)) == names(built)
    assert names(inc >> double >> inc) == names(built)
    assert names(Pipeline([inc, double]) >> inc) == names(built)


def test_a_name_that_was_asked_for_is_not_given_twice() -> None:
    """Two nodes of one explicit name are a mistake, told when the module is imported."""
    with pytest.raises(ValueError, match="check"):
        Pipeline("p").then(inc, name="check").then(double, name="check")


def test_what_is_built_never_changes() -> None:
    """Two continuations of one pipeline do not meet."""
    begin = Pipeline("p", inc)
    one, other = begin.then(double), begin.then(total, inc)

    assert (names(begin), names(one), names(other)) == (["inc"], ["inc", "double"], ["inc", "total", "inc#2"])


def test_anything_callable_is_a_step() -> None:
    """Functions, decorated classes, named agents, pipelines: a named one is a node, another is taken apart."""

    @agent
    class Triage:
        async def run(self, x: int) -> int:
            return x

    def plain(x: int) -> int:
        return x

    built = Pipeline("p", Triage, plain, Agent("inc", None), Pipeline("sub", inc, double), inc >> double)

    assert names(built) == ["triage", "plain", "inc", "sub", "inc#2", "double"]
    assert [node.kind for _, node in built.chain.nodes()] == ["step", "step", "step", "pipeline", "step", "step"]


def test_names_with_meaning_in_paths_are_escaped() -> None:
    """A path can always be read back."""
    built = Pipeline("p").then(inc, name="a.b[c]/d@e#f")

    assert names(built) == ["a%2Eb%5Bc%5D%2Fd%40e%23f"]


def test_mistakes_are_told_at_once() -> None:
    """Empty branches, impossible quorums, limits below one, two names for one step."""
    mistakes: tuple[Callable[[], Pipeline], ...] = (
        lambda: Pipeline("p").parallel(),
        lambda: Pipeline("p").parallel(inc, quorum=2),
        lambda: Pipeline("p").parallel(Pipeline([])),
        lambda: Pipeline("p").each(list, inc, limit=0),
        lambda: Pipeline("p").loop(inc, until=bool, max_rounds=0),
        lambda: Pipeline("p").then(inc, inc, name="x"),
        lambda: Pipeline("p").then(lambda: 3),
        lambda: Pipeline(""),
    )
    for wrong in mistakes:
        with pytest.raises(Misuse):
            wrong()


def test_the_definition_tells_all_of_it() -> None:
    """Kinds, agents, policies in numbers, children; the hash says whether it changed."""
    built = (
        Pipeline("p", inc.with_(timeout=3))
        .parallel(inc, double, join=total, name="fan")
        .each(range, inc, limit=3)
        .when(bool, inc, double)
        .loop(inc, until=bool, max_rounds=2)
        .review(by="ops", expires=timedelta(hours=1))
        .sleep(timedelta(seconds=5))
        .wait_for("go")
    )
    told = built.definition

    assert told["hash"] == built.definition_hash
    assert [step["kind"] for step in told["steps"]] == [
        "step",
        "parallel",
        "each",
        "when",
        "loop",
        "review",
        "timer",
        "signal",
    ]
    assert told["steps"][0]["policies"] == {"timeout": 3}
    assert [child["name"] for child in told["steps"][1]["children"]] == ["inc", "double"]
    assert told["input_schema"] == {"type": "integer"}


def test_the_hash_is_of_what_it_is() -> None:
    """The same pipeline built twice has one hash; another timeout has another."""
    one, again = Pipeline("p", inc, double), Pipeline("p").then(inc).then(double)

    assert one.definition_hash == again.definition_hash
    assert one.definition_hash != Pipeline("p", inc.with_(timeout=1), double).definition_hash


def test_a_pipeline_is_known_by_its_name() -> None:
    """The latest of a name is the one that workers run."""
    registered = Pipeline("known-by-name", inc).then(double)

    assert registry.find("known-by-name") is registered


def test_building_costs_the_same_at_any_length() -> None:
    """100,000 nodes by >>, by then or at once: the chains share one list."""
    grown = Pipeline("long")
    for _ in range(100_000):
        grown = grown >> inc
    at_once = Pipeline("long", *[inc] * 100_000)

    assert len(grown) == len(at_once) == 100_000
    assert grown.chain.name(99_999) == at_once.chain.name(99_999) == "inc#100000"
    assert grown.chain._nodes is grown.chain.add(grown.chain[0], "x")._nodes
