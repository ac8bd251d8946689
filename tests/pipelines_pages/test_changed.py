"""A run held because its pipeline changed shows the change, and how it can go on."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import UUID

from django.test import Client

from ecoa_web.accounts.models import Project
from pipelines.pages.changed import differences
from tests.pipelines_pages.building import STEPS, define, make_node, make_run, value_of


def step(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": "step", "agent": name, **more}


def held_run(project: Project) -> UUID:
    """A run that stands at a step which the newest definition has no more."""
    began = define(steps=[step("classify"), step("check"), step("place")])
    run = make_run(project.pk, status="held", definition=began, ago_s=600)
    make_node(run, "classify", output="y")
    error = {"type": "PipelineChanged", "message": "check is gone"}
    make_node(run, "check", status="held", error=error)
    make_run(project.pk, definition=define(steps=[step("classify", policies={"timeout": 9}), step("verify")]))
    return run


def test_a_run_held_by_a_change_shows_what_is_different(project: Project, editor: Client) -> None:
    """Names that were taken away, added and changed, beside why it cannot go on; and its ways on."""
    run = held_run(project)

    html = editor.get(f"/p/shop/runs/{run}/").content.decode()

    shown = html[html.index("Held: the pipeline changed") :]
    assert "check is gone" in shown
    assert shown.index('data-sign="removed"') < shown.index('data-sign="added"') < shown.index('data-sign="changed"')
    assert "now: At most 9\N{NO-BREAK SPACE}s an attempt" in shown
    assert "verify" in shown
    for way in (f"/runs/{run}/fork/?at=check", f"/runs/{run}/cancel/", "Try again"):
        assert way in shown
    assert "This step goes on only by a person" not in html, "told once"


def test_a_viewer_sees_the_change_but_no_way_on(project: Project, viewer: Client) -> None:
    """Ways on are an editor's."""
    html = viewer.get(f"/p/shop/runs/{held_run(project)}/").content.decode()

    assert "Held: the pipeline changed" in html
    assert "Try again" not in html


def test_a_fork_of_it_begins_where_there_still_is_a_step(project: Project, editor: Client) -> None:
    """The last step before the one that is gone."""
    run = held_run(project)

    html = editor.get(f"/p/shop/runs/{run}/fork/", {"at": "check"}).content.decode()

    assert '<option value="classify" selected>' in html
    assert '<option value="check"' not in html


def test_it_is_tried_again_when_the_code_fits_again(project: Project, editor: Client, engine_store: None) -> None:
    """The held step becomes ready; workers see whether they can continue it."""
    run = held_run(project)

    answer = editor.post(f"/p/shop/runs/{run}/resolve/", {"path": "check", "word": "again"})

    assert answer.status_code == 302
    assert value_of("SELECT status FROM pipelines_node WHERE run_id = %s AND path = 'check'", run) == "ready"


def test_a_step_inside_of_a_branch_of_a_choice_can_be_forked_at(project: Project, editor: Client) -> None:
    """One way was taken, so nothing beside it is lost; what ran side by side belongs together."""
    run = make_run(project.pk, definition=define(steps=STEPS))
    for path in ("classify", "checks", "checks[stock].stock", "big", "big[yes].review", "place"):
        make_node(run, path)

    html = editor.get(f"/p/shop/runs/{run}/fork/").content.decode()

    assert 'value="big[yes].review"' in html
    assert 'value="checks[stock].stock"' not in html


def test_definitions_differ_by_names_places_and_what_steps_are() -> None:
    """The same definition has no differences; a step that changed its place is moved, not gone."""
    now = deepcopy(STEPS)
    assert differences(STEPS, now) == []

    now[0], now[-1] = now[-1], now[0]
    now[1]["children"][0]["children"][0]["agent"] = "other-checker"

    found = {found.place: (found.sign, found.told) for found in differences(STEPS, now)}
    assert found["checks.stock.stock"] == ("changed", ("agent stock-checker, now other-checker",))
    assert {sign for sign, _ in found.values()} == {"changed", "moved"}
    assert "mail" in found or "classify" in found
