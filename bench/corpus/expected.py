"""The exact figures of a corpus, from the generator's own numbers: nothing here parses a payload."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

QUANTILES = (50, 90, 95, 99)


@dataclass(slots=True)
class Expected:
    """
    Sums while generating. An agent's calls, errors and timeouts are over its own (invoke_agent) spans;
    `errors_of_all_spans` counts every span that names it.
    """

    spans: int = 0
    traces: int = 0
    errors: int = 0
    model_calls: int = 0
    input_tokens: Counter[str] = field(default_factory=Counter)  # by agent, then by model, as "agent planner"
    output_tokens: Counter[str] = field(default_factory=Counter)
    agent_errors: Counter[str] = field(default_factory=Counter)
    agent_timeouts: Counter[str] = field(default_factory=Counter)
    errors_of_all_spans: Counter[str] = field(default_factory=Counter)
    agent_ns: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    model_ns: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    root_ns: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """What is written beside the payloads."""
        return {
            "spans": self.spans,
            "traces": self.traces,
            "error_spans": self.errors,
            "model_calls": self.model_calls,
            "agents": {name: self._agent(name) for name in sorted(self.agent_ns)},
            "models": {
                name: {**_quantiles(times), **self._tokens(f"model {name}")}
                for name, times in sorted(self.model_ns.items())
            },
            "roots": _quantiles(self.root_ns) if self.root_ns else None,
        }

    def _agent(self, name: str) -> dict[str, float]:
        return {
            **_quantiles(self.agent_ns[name]),
            "errors": self.agent_errors[name],
            "timeouts": self.agent_timeouts[name],
            "errors_of_all_spans": self.errors_of_all_spans[name],
            **self._tokens(f"agent {name}"),
        }

    def _tokens(self, of: str) -> dict[str, int]:
        return {"input_tokens": self.input_tokens[of], "output_tokens": self.output_tokens[of]}


def _quantiles(times_ns: Sequence[int]) -> dict[str, float]:
    """Calls and quantiles in ms, by linear interpolation as PostgreSQL's percentile_cont."""
    ordered = sorted(times_ns)
    found: dict[str, float] = {"calls": len(ordered)}
    for percent in QUANTILES:
        rank = (len(ordered) - 1) * percent / 100
        low = int(rank)
        high = min(low + 1, len(ordered) - 1)
        found[f"p{percent}_ms"] = (ordered[low] + (ordered[high] - ordered[low]) * (rank - low)) / 1e6
    return found
