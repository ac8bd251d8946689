"""CallContext: what a function that takes `ctx` gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ecoa.calling.scope import Scope
from ecoa.errors import Misuse

if TYPE_CHECKING:
    from ecoa.context import SessionContext


class CallContext:
    """The call from inside.

    @agent(effect="keyed")
    async def refund(order, *, ctx):
        await payments.refund(order.id, idempotency_key=ctx.idempotency_key)
    """

    __slots__ = ("_attempt", "_scope")

    def __init__(self, scope: Scope, *, attempt: int) -> None:
        self._scope = scope
        self._attempt = attempt

    @property
    def run_id(self) -> str | None:
        """The run, or None outside of runs."""
        return self._scope.run_id

    @property
    def path(self) -> str:
        """Where in the run this is, or the agent's name."""
        return self._scope.path

    @property
    def trace_id(self) -> str:
        """32 hex digits."""
        return self._scope.trace_id

    @property
    def attempt(self) -> int:
        """1 for the first call."""
        return self._attempt

    @property
    def idempotency_key(self) -> str:
        """64 hex digits, the same over attempts, workers and resumes: give it to whatever has an effect."""
        return self._scope.idempotency_key

    @property
    def deadline(self) -> float | None:
        """When the answer comes too late, by ecoa.clock.monotonic()."""
        return self._scope.deadline

    def remaining(self) -> float | None:
        """Seconds until then; None: for ever."""
        return self._scope.remaining

    @property
    def session(self) -> SessionContext | None:
        """The SessionContext of the call or of the run."""
        return self._scope.session

    @property
    def decision(self) -> Mapping[str, Any] | None:
        """What people decided when this agent asked: {"decision", "output", "by", "comment"}."""
        return self._scope.decision

    async def review(self, reason: str, **request: Any) -> Mapping[str, Any]:
        """Ask people, as raising NeedsReview does; when the agent runs again this returns what they decided."""
        root = self._scope.root
        if root.asked:
            raise Misuse(f"{self.path} asks twice: a decision belongs to one question, so make it two agents")
        if self._scope.decision is not None:
            root.asked = True
            return self._scope.decision
        from ecoa.review import NeedsReview

        raise NeedsReview(reason, **request)

    def heartbeat(self) -> None:
        """Tell that a long call lives: an agent with `heartbeat=` fails when it is silent for so long."""
        if self._scope.beat is not None:
            self._scope.beat()

    def event(self, kind: str, /, **data: Any) -> None:
        """Add a line of the agent's own to the run's history."""

        self._scope.event(kind, **data)
