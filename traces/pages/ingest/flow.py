"""The ledger as its page shows it: one equation, its terms by key and by service, and a chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from ecoa_web.accounts.models import ApiKey, Project
from ecoa_web.ranges import TimeRange
from traces.pages.count_chart import CountChart, count_chart
from traces.queries.arrivals import Account, Accounts, Now, accounts, now, over_time
from traces.queries.traces import Bar
from traces.queries.window import MINUTE_NS, Window, to_datetime

SLOTS = 60
MOST_ROWS = 50
LATE_S = 30.0  # a batch that waits longer says that workers do not keep up


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A row of a table: a key or a service."""

    name: str
    note: str
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What the live part shows."""

    whole: Account
    keys: list[Sender]
    services: list[Sender]
    more_services: int
    unread: Account
    reasons: list[tuple[str, int]]
    chart: CountChart
    now: Now

    @property
    def state(self) -> str:
        """Whether it adds up, as the sentence at the top is marked."""
        return "error" if self.whole.missing else "ok"

    @property
    def late(self) -> bool:
        """Whether workers do not keep up."""
        return self.now.lag_s is not None and self.now.lag_s > LATE_S

    @property
    def lag_ms(self) -> float:
        """For how long the oldest batch has waited."""
        return (self.now.lag_s or 0.0) * 1000


def flow_of(project: Project, shown: TimeRange) -> Flow:
    """What arrived in a range, and how things stand."""
    window = Window.between(shown.start, shown.end)
    found = accounts(project.pk, window=window)
    services = _services(found)
    return Flow(
        whole=found.whole,
        keys=_keys(project, found),
        services=services[:MOST_ROWS],
        more_services=max(len(services) - MOST_ROWS, 0),
        unread=found.unread,
        reasons=found.reasons.most_common(),
        chart=_chart(project, window),
        now=now(project.pk),
    )


def _keys(project: Project, found: Accounts) -> list[Sender]:
    known = ApiKey.objects.filter(project=project).in_bulk(list(found.keys))
    rows = []
    for key_id, account in found.keys.items():
        key = known.get(key_id)
        name = key.name if key else "no key" if key_id == 0 else f"key {key_id}"
        note = f"{key.prefix}…" if key else "" if key_id == 0 else "deleted"
        rows.append(Sender(name=name, note=note, account=account))
    return sorted(rows, key=lambda row: (-row.account.received, row.name))[:MOST_ROWS]


def _services(found: Accounts) -> list[Sender]:
    rows = [Sender(name=name, note="", account=account) for name, account in found.services.items() if account.told]
    return sorted(rows, key=lambda row: (-row.account.told, row.name))


def _chart(project: Project, window: Window) -> CountChart:
    minutes = window.last_minute - window.first_minute
    slots = min(SLOTS, minutes)
    start = to_datetime(window.first_minute * MINUTE_NS)
    each = timedelta(minutes=minutes) / slots
    bars = [
        Bar(start=start + each * slot, ok=received - min(bad, received), error=bad, running=0, waiting=0)
        for slot, (received, bad) in enumerate(over_time(project.pk, window=window, slots=slots))
    ]
    return count_chart(bars, end=start + each * slots)
