"""Pipelines by name and by definition: what this process can run."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecoa.graph.pipeline import Pipeline

_by_name: dict[str, Pipeline[Any, Any]] = {}
_by_hash: weakref.WeakValueDictionary[str, Pipeline[Any, Any]] = weakref.WeakValueDictionary()


def add(pipeline: Pipeline[Any, Any], name: str) -> None:
    """Make it known under its name; a later one of the same name, such as `p.then(…)`, takes its place."""
    _by_name[name] = pipeline


def add_definition(pipeline: Pipeline[Any, Any]) -> None:
    """Make it known under its definition's hash as long as somebody holds it."""
    _by_hash[pipeline.definition_hash] = pipeline


def find(name: str, definition_hash: str | None = None) -> Pipeline[Any, Any] | None:
    """The pipeline of exactly this definition, else the latest of that name."""
    exact = _by_hash.get(definition_hash) if definition_hash else None
    return exact if exact is not None and exact.name == name else _by_name.get(name)


def names() -> list[str]:
    """Every pipeline that this process knows."""
    return list(_by_name)


def load(modules: Iterable[str]) -> list[str]:
    """Import these modules, as ECOA_PIPELINES names them; the names of all pipelines known then."""
    for module in modules:
        importlib.import_module(module)
    return names()
