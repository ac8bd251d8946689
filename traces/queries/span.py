"""One span whole, read from the batch it arrived in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traces.queries.trace import SpanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSpan:
    """A span with everything its sender said. The dicts and lists are JSON as the API gives it."""

    row: SpanRow
    attributes: dict[str, object]
    resource: dict[str, object]
    scope: dict[str, object]  # name, version, attributes
    events: list[dict[str, object]]  # time_ns, name, attributes
    links: list[dict[str, object]]  # trace_id, span_id, attributes
    messages: dict[str, object]  # system, input[], output[]
    mapping: dict[str, str]  # our field: the source key it came from
    warnings: list[str]


def whole_span(project_id: int, trace_id: str, span_id: int) -> WholeSpan | None:
    """A span whole; None when the project has no such span."""
    raise NotImplementedError
