"""Pipelines whose code this process has loaded (ECOA_PIPELINES): the newest definitions, also of what never ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.verbs.definitions import code_of, names_here

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecoa_web.accounts.models import Project


def known_definitions(project: Project) -> dict[str, Mapping[str, Any]]:
    """Definitions by name; none unless the project is the one that this installation's pipelines run for."""
    found = ((name, code_of(project, name)) for name in names_here(project))
    return {name: pipeline.definition for name, pipeline in found if pipeline is not None}


def known_definition(project: Project, name: str) -> Mapping[str, Any] | None:
    """That of one pipeline."""
    pipeline = code_of(project, name)
    return None if pipeline is None else pipeline.definition
