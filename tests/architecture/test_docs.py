"""The documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def test_every_setting_is_documented_and_every_documented_setting_is_read() -> None:
    """docs/configuration.md's table and ecoa_web/config.py name the same variables."""
    read = set(READ.findall((ROOT / "ecoa_web/config.py").read_text(encoding="utf-8")))
    table = [
        line for line in (ROOT / "docs/configuration.md").read_text(encoding="utf-8").splitlines() if line[:3] == "| `"
    ]
    documented = {name for line in table for name in re.findall(r"`([A-Z_]+)`", line.split("|")[1])}

    assert documented == read


def test_links_between_documents_lead_somewhere() -> None:
    """Each relative link of README and docs/ names a file of the repository."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in LINK.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]

    assert broken == []


def test_the_lock_files_name_no_address() -> None:
    """Packages come from whatever index the machine is set up for."""
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text(encoding="utf-8")), (
            lock.name
        )
