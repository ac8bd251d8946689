"""manage.py check_runs: before a deploy, which runs the new code could not continue."""

from __future__ import annotations

import json
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from ecoa.agent import agent
from ecoa.graph import registry
from ecoa.orchestrator import Pipeline
from tests.reviews.stored import Asked, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecoa_web.accounts.models import Project

MODULE = "tests.pipelines_api.working"


@agent
async def weigh(sku: str) -> int:
    return len(sku)


@agent
async def pack(amount: int) -> str:
    return f"packed {amount}"


@agent
async def pack_text(label: str) -> str:
    return label


@pytest.fixture
def began() -> Iterator[Pipeline[Any, Any]]:
    """The pipeline as it was when the run began; a later one of the name takes its place."""
    yield Pipeline("checked", weigh, pack)
    registry._by_name.pop("checked", None)


def paused(project: Project, pipeline: Pipeline[Any, Any], path: str, given: object = 3) -> Asked:
    asked = ask(project.pk, pipeline="checked", path=path, payload=given)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO pipelines_definition (hash, pipeline, definition) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [pipeline.definition_hash, "checked", json.dumps(pipeline.definition)],
        )
        cursor.execute(
            "UPDATE pipelines_run SET definition_hash = %s WHERE id = %s", [pipeline.definition_hash, asked.run]
        )
    return asked


def check() -> tuple[int, str]:
    """How it ends and what it says."""
    out = StringIO()
    try:
        call_command("check_runs", MODULE, stdout=out, no_color=True)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_same_code_goes_on(project: Project, began: Pipeline[Any, Any]) -> None:
    """Exit 0."""
    paused(project, began, "pack")

    code, said = check()

    assert (code, "can go on" in said) == (0, True)


def test_a_step_more_goes_on(project: Project, began: Pipeline[Any, Any]) -> None:
    """Names that are there still fit."""
    paused(project, began, "pack")
    began.then(pack_text, name="label")

    assert check()[0] == 0


def test_a_step_that_is_gone_is_named(project: Project, began: Pipeline[Any, Any]) -> None:
    """With project, run, step and reason; exit 1."""
    asked = paused(project, began, "pack")
    Pipeline("checked", weigh, pack_text)

    code, said = check()

    assert code == 1
    assert f"shop  checked  {asked.run}  paused  pack: pack is gone" in said
    assert "checked: 1 step could not go on" in said


def test_a_later_step_that_is_gone_is_named(project: Project, began: Pipeline[Any, Any]) -> None:
    """What the run still needs."""
    paused(project, began, "weigh", "abc")
    Pipeline("checked", weigh)

    assert "pack is gone" in check()[1]


def test_an_input_that_does_not_fit_any_more_is_named(project: Project, began: Pipeline[Any, Any]) -> None:
    """The stored value is checked against the type of now."""
    paused(project, began, "pack", "three")
    began.then(pack_text, name="label")

    code, said = check()

    assert (code, "does not take its input" in said) == (1, True)


def test_a_pipeline_that_holds_on_change_is_named(project: Project, began: Pipeline[Any, Any]) -> None:
    """As its own policy says."""
    paused(project, began, "pack")
    Pipeline("checked", weigh, pack, on_change="hold")

    assert "on_change is hold" in check()[1]


def test_a_pipeline_without_code_is_named(project: Project) -> None:
    """Nobody could go on with it."""
    ask(project.pk, pipeline="forgotten")

    assert "no loaded module has this pipeline" in check()[1]


def test_finished_runs_are_not_asked_about(project: Project, began: Pipeline[Any, Any]) -> None:
    """Their steps never go on."""
    asked = paused(project, began, "pack")
    Pipeline("checked", weigh)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE pipelines_run SET status = 'success', finished_at = now() WHERE id = %s", [asked.run])

    assert check()[0] == 0


def test_modules_must_be_named_and_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never says that all is well because it looked at nothing."""
    monkeypatch.delenv("ECOA_PIPELINES", raising=False)
    with pytest.raises(CommandError):
        call_command("check_runs")
    with pytest.raises(CommandError, match="nowhere"):
        call_command("check_runs", "nowhere.pipelines")
