"""The made-up fleet: its agents, models, tools, mistakes and words."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple


class Model(NamedTuple):
    """A model, who serves it, and how slow it is."""

    name: str
    provider: str
    slowness: float


class Mistake(NamedTuple):
    """What an exception is called and says."""

    type: str
    message: str


class Pace(NamedTuple):
    """The log-normal distribution of one model call."""

    median_ms: float
    sigma: float


AGENTS = [
    *("planner", "researcher", "retriever", "summarizer", "coder", "reviewer"),
    *("sql-analyst", "support-triage", "billing", "translator", "critic", "report-writer"),
]
MODELS = [
    Model("gpt-4o", "openai", 1.0),
    Model("gpt-4o-mini", "openai", 0.5),
    Model("claude-3-5-sonnet-20241022", "anthropic", 1.3),
    Model("gemini-1.5-pro", "gcp.gemini", 1.1),
    Model("mistral-large-latest", "mistral_ai", 0.9),
]
SERVICES = ["checkout-assistant", "support-copilot", "research-pipeline", "data-concierge"]
TOOLS = ["web_search", "vector_lookup", "run_sql", "http_get", "read_file", "send_email", "calculator"]
MISTAKES = [
    Mistake("RateLimitError", "429 Too Many Requests: token quota exceeded for this minute"),
    Mistake("TimeoutError", "the call did not finish within 30.0 s"),
    Mistake("ToolExecutionError", "upstream returned 502 Bad Gateway"),
    Mistake("ValidationError", "the tool arguments do not match the schema: field 'query' is required"),
]
MISTAKE_RATE = 0.03

WORDS = Path(__file__).with_name("words.txt").read_text(encoding="ascii").split()
_ZIPF = list(accumulate(1.0 / (rank + 3) for rank in range(len(WORDS))))


def words(rng: random.Random, count: int) -> list[str]:
    """Words, the earlier in the list the more often, as in a language."""
    return rng.choices(WORDS, cum_weights=_ZIPF, k=count)


def text(rng: random.Random, length: int) -> str:
    """Words of so many characters in all."""
    return " ".join(words(rng, length // 5 + 1))[:length]


def _paces(agents: Sequence[str]) -> dict[str, Pace]:
    """Medians from 350 ms to 3.5 s, sigmas from 0.35 to 0.9."""
    return {name: Pace(350.0 * 10 ** (at / 11.0), 0.35 + 0.05 * ((at * 7) % 12)) for at, name in enumerate(agents)}


def _roles(agents: Sequence[str]) -> dict[str, str]:
    rng = random.Random(20261122)
    return {name: f"You are the {name} agent of an automated pipeline. {' '.join(words(rng, 60))}." for name in agents}


PACES = _paces(AGENTS)
ROLES = _roles(AGENTS)
