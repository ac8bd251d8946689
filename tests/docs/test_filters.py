"""docs/filters.md is true of the language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from traces.filters import of_traces, parse
from traces.filters.of_traces import KEYS

TEXT = (Path(__file__).resolve().parents[2] / "docs/filters.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```filter\n(.*?)\n```", TEXT)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_a_filter_of_traces(example: str) -> None:
    """Each block parses and means something."""
    found = parse(example)

    assert found is not None
    assert of_traces(found).parameters or "has:" in example


def test_every_key_is_in_the_table_and_every_one_there_is_a_key() -> None:
    """The table's first column, `attr.KEY` for attributes."""
    rows = TEXT.partition("## Keys")[2].partition("```")[0]
    told = {
        name for line in rows.splitlines() if line[:3] == "| `" for name in re.findall(r"`([^`]+)`", line.split("|")[1])
    }

    assert told - {"attr.KEY"} == KEYS.keys() - {"attr"} | {"text"}
