"""A run held because its pipeline changed: what is different between the definition it began under and that of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from ecoa_web.accounts.models import Project
from pipelines.pages.graph import NodeJson, places_of
from pipelines.pages.policies import EFFECTS, policies_in_words
from pipelines.queries.pipelines import definition
from pipelines.queries.run import Run, held_by_change
from pipelines.verbs.definitions import known

type Sign = Literal["removed", "added", "changed", "moved"]
type Json = Any  # a decoded JSON value

NUMBERS = ("limit", "quorum", "max_rounds", "seconds", "signal", "join", "compensate")
SIGNS: tuple[Sign, ...] = ("removed", "added", "changed", "moved")  # what stops a run first
MOST = 200  # differences that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A step that is not what it was, or not where it was."""

    sign: Sign
    place: str
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Where a run is held by a change of its pipeline, and the change."""

    held: list[tuple[str, str]]  # path and why
    here: bool  # whether the code of now is known to this process, not only the newest definition that ran
    same: bool  # whether the definition of now is the one that the run began under
    differences: list[Difference]
    more: int

    @property
    def paths(self) -> set[str]:
        """Of the nodes that are held."""
        return {path for path, _ in self.held}


def changed_of(project: Project, run: Run) -> Changed | None:
    """The definition it began under against the one of now; None when no step of the run is held by such a change."""
    held = held_by_change(run.row.id)
    if not held:
        return None
    began, now = definition(project.pk, run.definition_hash), known(project, run.row.pipeline)
    found = differences(_steps(began.definition), _steps(now.definition)) if began and now else []
    return Changed(
        held=held,
        here=now is not None and now.here,
        same=now is not None and now.definition_hash == run.definition_hash,
        differences=found[:MOST],
        more=max(0, len(found) - MOST),
    )


def differences(began: Sequence[NodeJson], now: Sequence[NodeJson]) -> list[Difference]:
    """Steps that were taken away, added, changed, then moved; each in the order of the definition."""
    before, after = dict(places_of(began)), dict(places_of(now))
    stayed = _in_order(list(before), list(after))
    found = []
    for place, node in before.items():
        told = _told(node, after[place]) if place in after else ()
        if place not in after:
            found.append(Difference(sign="removed", place=place))
        elif told:
            found.append(Difference(sign="changed", place=place, told=told))
        elif place not in stayed:
            found.append(Difference(sign="moved", place=place))
    found += [Difference(sign="added", place=place) for place in after if place not in before]
    return sorted(found, key=lambda difference: SIGNS.index(difference.sign))


def _in_order(before: list[str], after: list[str]) -> set[str]:
    """Places that are in both, in the same order."""
    both = [place for place in before if place in set(after)], [place for place in after if place in set(before)]
    blocks = SequenceMatcher(None, *both, autojunk=False).get_matching_blocks()
    return {place for block in blocks for place in both[0][block.a : block.a + block.size]}


def _told(was: NodeJson, now: NodeJson) -> tuple[str, ...]:
    """What is different in a step, in words."""
    said = []
    if was.get("kind") != now.get("kind"):
        said.append(f"was a {was.get('kind')}, is a {now.get('kind')}")
    if was.get("agent") != now.get("agent"):
        said.append(f"agent {was.get('agent') or 'none'}, now {now.get('agent') or 'none'}")
    if _effect(was) != _effect(now):
        said.append(f"effect {_effect(was)}, now {_effect(now)}")
    said += [
        f"{name.replace('_', ' ')} {was.get(name, 'none')}, now {now.get(name, 'none')}"
        for name in NUMBERS
        if was.get(name) != now.get(name)
    ]
    if was.get("input_schema") != now.get("input_schema"):
        said.append(_inputs(was.get("input_schema"), now.get("input_schema")))
    if was.get("policies") != now.get("policies"):
        said += _policies(was, now)
    return tuple(said)


def _policies(was: NodeJson, now: NodeJson) -> list[str]:
    before, after = (policies_in_words(_of_review(node)) for node in (was, now))
    gone = [f"no longer: {sentence}" for sentence in before if sentence not in after]
    return gone + [f"now: {sentence}" for sentence in after if sentence not in before] or ["its policies differ"]


def _of_review(node: NodeJson) -> Mapping[str, Json]:
    policies = node.get("policies") or {}
    return {"review": policies} if node.get("kind") == "review" else policies


def _effect(node: NodeJson) -> str:
    effect = str(node.get("effect") or "none")
    return effect if effect in EFFECTS else "none"


def _inputs(was: Json, now: Json) -> str:
    before, after = _fields(was), _fields(now)
    gone, new = [name for name in before if name not in after], [name for name in after if name not in before]
    said = [f"without {', '.join(gone)}"] * bool(gone) + [f"with {', '.join(new)}"] * bool(new)
    return f"takes another input{': ' if said else ''}{' and '.join(said)}"


def _fields(schema: Json) -> list[str]:
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    return [str(name) for name in fields] if isinstance(fields, Mapping) else []


def _steps(told: Mapping[str, Json]) -> Sequence[NodeJson]:
    return told.get("steps") or []
