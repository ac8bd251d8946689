"""The facets beside the traces: each value is a link to the same page with that value chosen, or no longer chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traces.pages.terms import bounded, bounds, chosen, toggled
from traces.queries.traces import Facets

STATUSES = ("ok", "error", "waiting", "running")
SHOWN = 8  # values of a facet before "more"
DURATIONS = (
    (">=1s", "over 1 s"),
    (">=5s", "over 5 s"),
    (">=30s", "over 30 s"),
    (">=2m", "over 2 min"),
    ("<100ms", "under 100 ms"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a facet."""

    value: str
    count: int | None  # None: not counted
    chosen: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One facet with its values, the chosen ones first."""

    key: str
    title: str
    values: list[Value]
    more: list[Value]

    @property
    def any_chosen(self) -> bool:
        """Whether the filter asks for a value of it."""
        return any(value.chosen for value in (*self.values, *self.more))


def facet_list(found: Facets, text: str, *, address: Callable[[str], str]) -> list[Facet]:
    """The facets of what was found; `address` gives the page's URL with another filter."""
    counted = [
        ("status", "Status", _statuses(found.status)),
        ("agent", "Agent", found.agent),
        ("model", "Model", found.model),
        ("service", "Service", found.service),
        ("name", "Name", found.name),
    ]
    listed = [_facet(key, title, counts, text, address) for key, title, counts in counted]
    return [*listed[:1], _durations(text, address), *listed[1:]]


def _facet(key: str, title: str, counts: list[tuple[str, int]], text: str, address: Callable[[str], str]) -> Facet:
    asked = chosen(text, key)
    known = dict(counts)
    order = list(known) if key == "status" else [*asked, *(value for value in known if value not in asked)]
    values = [
        Value(value=value, count=known.get(value, 0), chosen=value in asked, url=address(toggled(text, key, value)))
        for value in order
    ]
    shown = max(SHOWN, len(asked))
    return Facet(key=key, title=title, values=values[:shown], more=values[shown:])


def _durations(text: str, address: Callable[[str], str]) -> Facet:
    asked = bounds(text, "duration")
    values = [
        Value(
            value=words,
            count=None,
            chosen=bound in asked,
            url=address(bounded(text, "duration", "" if bound in asked else bound)),
        )
        for bound, words in DURATIONS
    ]
    return Facet(key="duration", title="Duration", values=values, more=[])


def _statuses(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    counts = dict(found)
    return [(status, counts.get(status, 0)) for status in STATUSES]
