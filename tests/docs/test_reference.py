"""Every public name of `ecoa` has its place in the reference, with an example."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"
SECTION = re.compile(r"^### ([^\n]*)\n(.*?)(?=^### |\Z)", re.MULTILINE | re.DOTALL)
PAGES = {
    "ecoa.agent": "agent",
    "ecoa.connectors": "connectors",
    "ecoa.context": "context",
    "ecoa.errors": "errors",
    "ecoa.orchestrator": "orchestrator",
    "ecoa.review": "review",
    "ecoa.testing": "testing",
}


def public(module_name: str) -> set[str]:
    """What `from module import *` should give: __all__, else the classes and functions that it defines and shows."""
    module = importlib.import_module(module_name)
    if hasattr(module, "__all__"):
        return set(module.__all__)
    own = {name for name, value in vars(module).items() if getattr(value, "__module__", "") == module_name}
    return {name for name in own if name[0] != "_" and (inspect.isclass(vars(module)[name]) or name == "decide")}


@pytest.mark.parametrize(("module", "page"), PAGES.items())
def test_every_public_name_has_an_example(module: str, page: str) -> None:
    """A heading names it, and its section has a python block in which it stands."""
    text = (REFERENCE / f"{page}.md").read_text(encoding="utf-8")
    sections = [(re.findall(r"`(\w+)`", title), body) for title, body in SECTION.findall(text)]
    shown = {
        name
        for names, body in sections
        for name in names
        if any(re.search(rf"\b{name}\b", block) for block in re.findall(r"```python\n(.*?)```", body, re.DOTALL))
    }

    assert public(module) - shown == set()
