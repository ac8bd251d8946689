"""Many decide at once, or decide while time or a cancel decides: exactly one of them wins, and one step goes on."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from ecoa.errors import EcoaError, ReviewConflict, ReviewExpired
from ecoa.store.base import Ballot
from pipelines.verbs import reviews
from tests.reviews.stored import Asked, ask, events, node_row, ready, run_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ecoa_web.accounts.models import Project

DECIDERS = 10


def at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """Do them in threads that start together; how each ended."""
    barrier = Barrier(len(acts))

    def act(do: Callable[[], object]) -> str:
        barrier.wait()
        try:
            return str(do())
        except EcoaError as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(act, acts))


def approval(project: Project, asked: Asked, by: str, decision: str = "approve") -> Callable[[], str]:
    ballot = Ballot(version=1, decision=decision, by=by, via="api", comment="so")  # type: ignore[arg-type]
    return lambda: reviews.decide(project, asked.review, ballot).status


def votes(asked: Asked) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pipelines_vote WHERE review_id = %s", [asked.review])
        return int(cursor.fetchone()[0])


@pytest.mark.slow  # 200 racing decisions
def test_of_ten_who_decide_at_once_one_wins(project: Project) -> None:
    """On 20 reviews, half of them approving and half rejecting: one decision, one vote, one ready step each."""
    for _ in range(20):
        asked = ask(project.pk)
        words = ["approve", "reject"] * (DECIDERS // 2)
        acts = [approval(project, asked, f"person{n}@example.com", word) for n, word in enumerate(words)]

        ended = Counter(at_once(acts))

        assert ended["approved"] + ended["rejected"] == 1
        assert ended["ReviewConflict"] == DECIDERS - 1
        assert (ready(asked.run), run_row(asked.run)[:2]) == (["check"], ("running", 1))
        assert (votes(asked), events(asked.run)) == (1, ["decision"])


def test_a_double_click_counts_once_within_a_quorum(project: Project) -> None:
    """One person who clicks ten times at once is one vote, however many are asked for."""
    asked = ask(project.pk, quorum=2)

    ended = Counter(at_once([approval(project, asked, "ann@example.com")] * DECIDERS))

    assert ended == {"pending": 1, "ReviewConflict": DECIDERS - 1}
    assert (votes(asked), ready(asked.run)) == (1, [])


def test_a_quorum_met_at_once_goes_on_once(project: Project) -> None:
    """Of ten who approve at once where three are needed, three count."""
    asked = ask(project.pk, quorum=3)

    ended = Counter(at_once([approval(project, asked, f"person{n}@example.com") for n in range(DECIDERS)]))

    assert ended == {"pending": 2, "approved": 1, "ReviewConflict": DECIDERS - 3}
    assert (votes(asked), ready(asked.run)) == (3, ["check"])
    assert run_row(asked.run) == ("running", 1, True)


@pytest.mark.parametrize("on_expire", ["reject", "hold", "escalate"])
def test_expiry_never_races_with_a_decision_to_two_ends(project: Project, on_expire: str) -> None:
    """Whoever comes first: what is overdue is never approved, and its step goes on at most once."""
    for _ in range(5):
        asked = ask(project.pk, expires="-1 second", on_expire=on_expire)
        acts = [approval(project, asked, f"person{n}@example.com") for n in range(4)]

        ended = Counter(at_once([*acts, reviews.expire_due, reviews.expire_due]))

        decided = reviews.review(project, asked.review)
        if on_expire == "escalate":  # the deadline began anew, for whoever came after
            assert decided.status in ("pending", "approved")
            assert decided.groups == ["reviewers", "owners"]
            assert len(ready(asked.run)) == (decided.status == "approved")
        else:
            assert (decided.status, ended["ReviewExpired"]) == ("expired", 4)
            assert ready(asked.run) == (["check"] if on_expire == "reject" else [])


def test_what_is_overdue_cannot_be_decided_before_the_periodic_work(project: Project) -> None:
    """By the database's clock."""
    asked = ask(project.pk, expires="-1 millisecond")

    with pytest.raises(ReviewExpired):
        approval(project, asked, "ann@example.com")()

    assert node_row(asked.run) == ("paused", None)


def test_the_second_is_told_who_was_first(project: Project) -> None:
    """Who, what and when are in the error."""
    asked = ask(project.pk)
    approval(project, asked, "ann@example.com")()

    with pytest.raises(ReviewConflict) as caught:
        approval(project, asked, "bob@example.com", "reject")()

    assert caught.value.decided is not None
    assert (caught.value.decided["by"], caught.value.decided["decision"]) == ("ann@example.com", "approve")
