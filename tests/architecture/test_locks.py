"""Advisory locks are told apart by number alone."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"^\w+_LOCK = (0x[0-9A-Fa-f_]+)", re.MULTILINE)


def test_no_two_advisory_locks_share_a_number() -> None:
    """Two parts that took the same one would wait for each other, one of them perhaps for ever."""
    files = [path for app in ("ecoa", "ecoa_web", "pipelines", "traces") for path in (ROOT / app).rglob("*.py")]
    sources = [path.read_text(encoding="utf-8") for path in files]
    numbers = Counter(int(number, 16) for source in sources for number in NUMBER.findall(source))

    assert len(numbers) >= 5
    assert max(numbers.values()) == 1
