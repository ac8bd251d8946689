"""Whatever happens in whatever order, a breaker is in the state that its rules say."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ecoa.errors import CircuitOpen
from ecoa.resilience.circuit import Circuit, Ticket
from ecoa.resilience.faults import Health
from ecoa.resilience.window import Window

THRESHOLD, RECOVERY = 3, 60.0
healths = st.sampled_from(["ill", "well", "unclear"])


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin and end, late and in any order, while time passes."""

    tickets: Bundle[Ticket] = Bundle("tickets")

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.circuit = Circuit(Window(RECOVERY, threshold=THRESHOLD, rate=0.5, minimum_calls=0), recovery=RECOVERY)
        self.probes: set[int] = set()
        self.ill: list[float] = []  # ends of calls that counted as failures

    @rule(seconds=st.floats(0, 150))
    def pass_time(self, seconds: float) -> None:
        """Time only grows."""
        self.now += seconds

    @rule(target=tickets)
    def begin(self) -> Ticket:
        """Closed lets everybody through, open nobody before its time."""
        may = self.circuit.state == "closed" or self.now >= self.circuit.retry_at
        was = self.circuit.state
        try:
            ticket = self.circuit.admit(self.now)
        except CircuitOpen as refused:
            assert not may
            assert refused.retry_after is not None and refused.retry_after > 0
            return Ticket(-1)
        assert may
        assert ticket.probe == (was != "closed")
        return ticket

    @rule(ticket=consumes(tickets), health=healths)
    def end(self, ticket: Ticket, health: Health) -> None:
        """Only answers to the present state count."""
        before, era, wait = self.circuit.state, self.circuit.era, self.circuit.wait
        changed = self.circuit.settle(ticket, health, self.now)
        if ticket.era != era:
            assert not changed and self.circuit.state == before
            return
        if ticket.probe:
            assert self.circuit.state == ("closed" if health == "well" else "open")
            if health == "ill":
                assert self.circuit.wait == min(2 * wait, 10 * RECOVERY)
            self.ill.clear()
            return
        if health == "ill":
            self.ill.append(self.now)
        if changed:
            recent = [at for at in self.ill if at > self.now - RECOVERY]
            assert health == "ill" and len(recent) >= THRESHOLD
            self.ill.clear()

    @invariant()
    def is_as_drawn(self) -> None:
        """Open and half open always end; the wait stays within its bounds."""
        assert RECOVERY <= self.circuit.wait <= 10 * RECOVERY
        if self.circuit.state == "closed":
            assert self.circuit.wait == RECOVERY
        else:
            assert self.circuit.retry_at <= self.now + 10 * RECOVERY


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
