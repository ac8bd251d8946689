"""The state machine of a circuit breaker, without clock, store and locks.

          enough failures
closed ───────────────────▶ open ──wait over──▶ half_open: one probe
  ▲                          ▲                     │  │
  └────────── it succeeds ───┼─────────────────────┘  │
                             └── it fails: wait twice ┘
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ecoa.errors import CircuitOpen
from ecoa.resilience.faults import Health
from ecoa.resilience.window import Window
from ecoa.store.base import BreakerRow

type State = Literal["closed", "open", "half_open"]

LONGEST = 10  # times the recovery timeout, however often probes fail


@dataclass(frozen=True, slots=True)
class Ticket:
    """A call that was let through."""

    era: int  # state changes before it; an answer to an earlier state says nothing about this one
    probe: bool = False


class Circuit:
    """Lets calls through, hears how they ended. Moments are seconds on one clock."""

    def __init__(self, window: Window, *, recovery: float) -> None:
        self.window = window
        self.recovery = recovery
        self.state: State = "closed"
        self.wait = recovery  # seconds that it stays open this time
        self.retry_at = 0.0  # open: when a probe may go; half open: when the probe counts as lost
        self.era = 0
        self.seen = 0  # the version of the fleet's row that this follows

    def admit(self, now: float) -> Ticket:
        """Let a call through, or raise CircuitOpen."""
        if self.state == "closed":
            return Ticket(self.era)
        if now < self.retry_at:
            raise CircuitOpen(retry_after=self.retry_at - now)
        self._become("half_open")
        self.retry_at = now + self.recovery
        return Ticket(self.era, probe=True)

    def settle(self, ticket: Ticket, health: Health, now: float) -> bool:
        """Hear how an admitted call ended; whether that changed the state."""
        if ticket.era != self.era:
            return False
        if not ticket.probe:
            if health == "unclear" or not self.window.add(now, failed=health == "ill"):
                return False
            self.open(now, self.recovery)
            return True
        match health:
            case "well":
                self.close()
            case "ill":
                self.open(now, min(self.wait * 2, self.recovery * LONGEST))
            case "unclear":
                self.yield_probe(now)
        return True

    def open(self, now: float, wait: float) -> None:
        """Refuse calls for `wait` seconds."""
        self._become("open")
        self.wait = wait
        self.retry_at = now + wait

    def close(self) -> None:
        """Let calls through, and forget what came before."""
        self._become("closed")
        self.wait = self.recovery
        self.window.clear()

    def yield_probe(self, now: float, *, wait: float = 0.0) -> None:
        """The probe said nothing, or is another worker's: open as before, another may go after `wait`."""
        self._become("open")
        self.retry_at = now + wait

    def follow(self, row: BreakerRow, now: float, *, pause: float) -> bool:
        """Take over what the fleet decided since; whether that changed the state. `pause`: until the next look."""
        if row.version <= self.seen:
            return False
        self.seen = row.version
        before = self.state
        if row.state == "closed":
            if before != "closed":
                self.close()
        elif row.state == "open":
            self.open(now, row.wait)
            self.retry_at = float("inf") if row.retry_in is None else now + row.retry_in
        elif before != "half_open":
            self.open(now, row.wait)
            self.retry_at = now + pause
        return self.state != before

    def shown(self, now: float) -> State:
        """The state for people: half open, too, when the next call will be the probe."""
        return "half_open" if self.state == "open" and now >= self.retry_at else self.state

    def _become(self, state: State) -> None:
        self.state = state
        self.era += 1
