"""What is wrong now, in one sentence, or that nothing is."""

from __future__ import annotations

from dataclasses import dataclass

from ecoa_web.format import count_parts, duration_parts, percent_parts, text
from traces.pages.agents_table import BAD_RATE
from traces.pages.terms import term
from traces.queries.agents import AgentRow
from traces.queries.ingest import Ledger
from traces.queries.overview import Figures

ENOUGH = 10  # calls in the range before an agent is judged
SLOWER = 1.5  # times its p95 of the range before
SLOW_MS = 500  # by at least so much, too
LONGEST_NAME = 60  # letters, in a sentence
WAITS_S = 30  # how old the oldest batch that is not stored may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """state: bad, warn or ok. `agent` is whom it is about; `failing`: failed traces are the evidence."""

    state: str
    sentence: str
    detail: str
    agent: str = ""
    failing: bool = False

    @property
    def query(self) -> str:
        """The traces that are the evidence; empty when there are none to show."""
        if not self.failing:
            return ""
        return f"{term('agent', self.agent)} status:error" if self.agent else "status:error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is judged: the agents of late against those of the range before, in words that name both."""

    now: Figures
    agents: list[AgentRow]
    when: str  # "in the last 15 min", or nothing when it is the whole range
    before: dict[str, AgentRow]
    previous: str  # "the hour before"
    ledger: Ledger


def verdict(seen: Evidence) -> Verdict:
    """The worst first: an agent that fails, spans that are not stored, an agent that got slow, failing traces."""
    judged = [row for row in seen.agents if row.calls >= ENOUGH]
    failing = sorted((row for row in judged if row.error_rate >= BAD_RATE), key=lambda row: -row.errors)
    slow = sorted((row for row in judged if is_slow(row, seen.before)), key=lambda row: -(row.critical_share or 0))
    if failing:
        return fails(failing, seen)
    if (seen.ledger.oldest_pending_s or 0) > WAITS_S or seen.ledger.dead_letters:
        return not_stored(seen.ledger)
    if slow:
        return got_slow(slow, seen)
    if seen.now.traces >= ENOUGH and seen.now.failed / seen.now.traces >= BAD_RATE:
        share = text(percent_parts(seen.now.failed / seen.now.traces))
        return Verdict(
            state="warn",
            sentence=f"{share} of the traces fail.",
            detail=f"{text(count_parts(seen.now.failed))} of {things(seen.now.traces, 'trace')}; no agent stands out.",
            failing=True,
        )
    return nothing(seen.now)


def is_slow(row: AgentRow, earlier: dict[str, AgentRow]) -> bool:
    """Whether an agent's p95 is well above what it was."""
    was = earlier.get(row.agent)
    if row.p95_ms is None or was is None or was.p95_ms is None or was.calls < ENOUGH:
        return False
    return row.p95_ms > SLOWER * was.p95_ms and row.p95_ms - was.p95_ms > SLOW_MS


def fails(failing: list[AgentRow], seen: Evidence) -> Verdict:
    """An agent fails; the others that do are named after it."""
    worst, *others = failing
    was = seen.before.get(worst.agent)
    how = "time out" if worst.timeouts * 2 > worst.errors else "fail"
    rate = text(percent_parts(worst.timeouts / worst.calls if how == "time out" else worst.error_rate))
    details = [f"{things(worst.errors, 'error')} in {things(worst.calls, 'call')}{seen.when}."]
    if was is not None and was.calls >= ENOUGH:
        share = text(percent_parts(was.error_rate))
        known = was.error_rate >= BAD_RATE
        details.append(f"It was {share} in {seen.previous}{', so this is not new' if known else ''}.")
    details.append(f"Also failing: {named(others)}." if others else "No other agent fails more than usual.")
    return Verdict(
        state="bad",
        sentence=f"{isolated(worst.agent)} is failing: {rate} of its calls {how}.",
        detail=" ".join(details),
        agent=worst.agent,
        failing=True,
    )


def not_stored(ledger: Ledger) -> Verdict:
    """Spans arrive but wait, or could not be stored: what the page shows is not everything."""
    if ledger.dead_letters:
        letters = things(ledger.dead_letters, "span")
        return Verdict(
            state="bad", sentence=f"{letters} could not be stored.", detail="They are kept, and can be replayed."
        )
    waits = text(duration_parts((ledger.oldest_pending_s or 0) * 1000))
    return Verdict(
        state="warn",
        sentence=f"Spans wait {waits} to be stored.",
        detail=f"{things(ledger.pending_batches, 'batch', 'batches')} acknowledged and safe; the figures below lag.",
    )


def got_slow(slow: list[AgentRow], seen: Evidence) -> Verdict:
    """An agent takes much longer than in the range before."""
    worst, *others = slow
    was, p95 = seen.before[worst.agent].p95_ms or 0.0, worst.p95_ms or 0.0
    detail = f"{things(worst.calls, 'call')}{seen.when}; p95 was {text(duration_parts(was))} in {seen.previous}."
    if others:
        detail += f" Also slower: {named(others)}."
    return Verdict(
        state="warn",
        sentence=f"{isolated(worst.agent)} is slow: p95 {text(duration_parts(p95))}, {p95 / was:.1f} times as before.",
        detail=detail,
        agent=worst.agent,
    )


def nothing(now: Figures) -> Verdict:
    """All is well, with what that was judged by."""
    if now.failed and now.traces < ENOUGH:
        return Verdict(
            state="warn",
            sentence=f"{text(count_parts(now.failed))} of {things(now.traces, 'trace')} failed.",
            detail="Too few to say more.",
            failing=True,
        )
    if not now.traces:
        return Verdict(state="ok", sentence="Nothing came in this range.", detail="Nothing failed either.")
    share = text(percent_parts(now.failed / now.traces))
    return Verdict(
        state="ok",
        sentence="Nothing is wrong.",
        detail=f"{things(now.traces, 'trace')}, {share} failed; no agent fails or got slower than before.",
    )


def things(number: int, one: str, many: str = "") -> str:
    """1 trace, 2,196 traces."""
    return f"{text(count_parts(number))} {one if number == 1 else many or one + 's'}"


def named(rows: list[AgentRow]) -> str:
    """Up to three names, and how many more."""
    names = ", ".join(isolated(row.agent) for row in rows[:3])
    return f"{names} and {len(rows) - 3} more" if len(rows) > 3 else names


def isolated(name: str) -> str:
    """A name that may be written right to left, kept from turning the words around it."""
    shown = name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + "…"
    return f"\N{FIRST STRONG ISOLATE}{shown}\N{POP DIRECTIONAL ISOLATE}"
