"""What a pipeline is, for who starts or checks a run: the code of this process where it has it, else what is stored."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog

from ecoa.engine.version import skeleton
from ecoa.graph import registry
from ecoa.store import DEFAULT_PROJECT
from pipelines.queries.pipelines import newest_definition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecoa.graph.node import Chain
    from ecoa.graph.pipeline import Pipeline
    from ecoa_web.accounts.models import Project

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A pipeline's definition, and whether it is that of code here rather than of an earlier run."""

    name: str
    definition_hash: str
    definition: Mapping[str, Any]  # JSON
    here: bool

    @property
    def chain(self) -> Chain:
        """Its graph: names and kinds, nothing that could be called."""
        return skeleton(self.definition)

    @property
    def timeout(self) -> float | None:
        """The whole run's, in seconds."""
        seconds: float | None = self.definition.get("policies", {}).get("timeout")
        return seconds

    @property
    def compensates(self) -> bool:
        """Whether a step of it can be undone."""
        steps = list(self.definition["steps"])
        while steps:
            step = steps.pop()
            if step.get("compensate"):
                return True
            steps += step.get("children", ())
        return False


def known(project: Project, name: str) -> Known | None:
    """The definition to start a run by; None when nobody knows the pipeline."""
    pipeline = code_of(project, name)
    if pipeline is not None:
        return Known(name=name, definition_hash=pipeline.definition_hash, definition=pipeline.definition, here=True)
    stored = newest_definition(project.pk, name)
    if stored is None:
        return None
    return Known(name=name, definition_hash=stored.hash, definition=stored.definition, here=False)


def code_of(project: Project, name: str) -> Pipeline[Any, Any] | None:
    """The pipeline itself, where ECOA_PIPELINES names a module that has it and runs for this project."""
    return registry.find(name) if name in names_here(project) else None


def names_here(project: Project) -> list[str]:
    """The pipelines whose code this process has, of the project that it runs them for."""
    if project.slug != (os.environ.get("ECOA_PROJECT") or DEFAULT_PROJECT):
        return []
    return load(os.environ.get("ECOA_PIPELINES", ""))


def load(modules: str) -> list[str]:
    """Import these modules once; the names of every pipeline known then."""
    for module in filter(None, (name.strip() for name in modules.split(","))):
        _imported(module)
    return registry.names()


@cache
def _imported(module: str) -> bool:
    """Whether it could be imported: a page must work without it, its worker says why it cannot."""
    try:
        registry.load([module])
    except Exception as error:  # code of the operator's own, which may raise anything
        log.warning("pipelines_not_imported", module=module, error=f"{type(error).__name__}: {error}")
        return False
    return True
