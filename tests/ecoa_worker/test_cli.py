"""`ecoa worker` says in one sentence why it cannot begin."""

from __future__ import annotations

import pytest

from ecoa.cli import main
from ecoa.graph import registry


@pytest.fixture(autouse=True)
def _address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOA_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(registry, "_by_name", {})


@pytest.mark.parametrize(
    ("module", "said"),
    [("json", "no pipeline is declared in json"), ("no_such_module", "cannot import no_such_module")],
)
def test_a_module_without_pipelines_ends_the_worker(module: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than one that waits for ever."""
    assert main(["worker", module]) == 1

    assert said in capsys.readouterr().err


def test_a_worker_without_a_database_ends(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It says which variable to set."""
    monkeypatch.delenv("ECOA_DATABASE_URL")

    assert main(["worker", "json"]) == 1

    assert "ECOA_DATABASE_URL" in capsys.readouterr().err
