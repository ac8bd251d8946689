"""What the answers, the tables and the ledger say when it is over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from psycopg.rows import namedtuple_row

from bench.racing.people import Said
from bench.racing.refunds import Ledger
from bench.stack import Stack
from ecoa_web.db.named_sql import named_sql

SQL = named_sql(__file__)
VERDICTS = {"approve": "approved", "edit": "edited", "reject": "rejected"}


@dataclass(kw_only=True)
class Verdict:
    """Counts to quote, and every promise that was broken."""

    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def must(self, true: bool, sentence: str) -> None:
        if not true:
            self.broken.append(sentence)


def verdict(stack: Stack, ledger: Ledger, said: Sequence[Said], *, reviews: int) -> Verdict:
    """Judge every answer and every run."""
    found = Verdict()
    for one in said:
        word = "accepted" if one.accepted else f"refused with {one.status}"
        found.counts[f"decisions {word}"] += 1
        found.counts[f"decisions {word}, over {one.via}"] += 1
        right = one.accepted or one.status == HTTPStatus.CONFLICT
        found.must(right, f"{one.by} was answered {one.status} by {one.review}")
    accepted: defaultdict[str, list[Said]] = defaultdict(list)
    for one in said:
        if one.accepted:
            accepted[one.review].append(one)
    with stack.database() as session:
        runs: list[Any] = session.cursor(row_factory=namedtuple_row).execute(SQL.runs).fetchall()
    paid: defaultdict[str, list[int]] = defaultdict(list)
    for refund, cents in ledger.paid():
        paid[refund].append(cents)
    found.must(len(runs) == reviews, f"{reviews} runs were begun and {len(runs)} are there")
    found.must(not paid.keys() - {run.refund for run in runs}, "refunds were paid that nobody asked for")
    for run in runs:
        _judge(found, run, accepted[run.review], paid)
    found.counts["decisions"] = len(said)
    found.counts["refunds paid"] = sum(map(len, paid.values()))
    found.counts["refunds paid twice"] = sum(len(cents) > 1 for cents in paid.values())
    found.counts["requests to pay, repeated ones included"] = ledger.asked()
    return found


def _judge(found: Verdict, run: Any, accepted: Sequence[Said], paid: Mapping[str, list[int]]) -> None:
    """One run against the one answer that accepted a decision of it. Any: a named tuple of SQL.runs."""
    found.counts["steps taken over from killed workers"] += run.takeovers
    about = f"{run.refund} ({run.status}, {run.verdict})"
    found.must(run.reviews == run.votes == run.decisions == 1, f"{about} has {run.votes} votes, {run.decisions} events")
    found.must(len(accepted) == 1, f"{about} accepted {len(accepted)} decisions")
    if len(accepted) != 1:
        return
    said, choice = accepted[0], accepted[0].choice
    found.counts[f"runs {run.verdict}"] += 1
    recorded = (run.verdict, run.decided_by, run.decided_via)
    told = (VERDICTS[choice.decision], said.by, said.via)
    found.must(recorded == told, f"{about} records {recorded}, and the accepted answer was to {told}")
    found.must(run.status == choice.ends, f"{about} should have ended {choice.ends}")
    due = [] if choice.decision == "reject" else [choice.refund["cents"]]
    found.must(paid.get(run.refund, []) == due, f"{about} paid {paid.get(run.refund)}, not {due}")
    found.must(run.resumes == len(due), f"{about} went on {run.resumes} times")
