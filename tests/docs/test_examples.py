"""What the documents of `ecoa` show runs as it stands, on virtual time and a store of its own."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing import virtual_time

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
README_EXAMPLE = re.compile(r"^## Agents that survive.*?(?=^## )", re.DOTALL | re.MULTILINE)
DOCUMENTS = sorted(
    path
    for path in (*DOCS.glob("*.md"), *DOCS.glob("reference/*.md"))
    if BLOCK.search(path.read_text(encoding="utf-8"))
)


def program(text: str) -> str:
    """The blocks of a document where they stand, so that a traceback's line is the document's."""
    lines = [""] * (text.count("\n") + 1)
    for found in BLOCK.finditer(text):
        at = text[: found.start(1)].count("\n")
        block = found[1].splitlines()
        lines[at : at + len(block)] = block
    return "\n".join(lines)


@pytest.fixture
def module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """A module that the examples' classes and functions belong to."""
    made = ModuleType(f"docs_{request.node.callspec.id}".replace("-", "_").replace("/", "_"))
    sys.modules[made.__name__] = made
    yield made
    del sys.modules[made.__name__]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(DOCS).with_suffix("").as_posix())
def test_examples_run(document: Path, module: ModuleType) -> None:
    """Every python block of a document, one after the other, and its asserts hold."""
    code = compile(program(document.read_text(encoding="utf-8")), str(document), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    with use(MemoryStore()), virtual_time() as clock:
        running = FunctionType(code, module.__dict__)()
        if running is not None:
            clock.run(running)


def test_the_readme_s_example_runs() -> None:
    """Of its section on agents."""
    found = README_EXAMPLE.search((DOCS.parent / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    code = compile(program(found[0]), "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    with use(MemoryStore()), virtual_time() as clock:
        clock.run(FunctionType(code, {"__name__": __name__})())
