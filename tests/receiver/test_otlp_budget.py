"""The bytes that requests hold together all come back."""

from __future__ import annotations

import threading

from traces.receiver.budget import Budget, Share


class SlowBudget(Budget):
    """Lets another thread in between taking bytes and their being noted as held."""

    def __init__(self, total: int) -> None:
        super().__init__(total)
        self.taken, self.go_on = threading.Event(), threading.Event()

    def take(self, size: int) -> None:
        super().take(size)
        self.taken.set()
        self.go_on.wait(0.2)


def test_a_request_that_ends_while_its_thread_takes_bytes_gives_all_back() -> None:
    """Cancelled at the worst moment, it leaves nothing taken."""
    budget = SlowBudget(1_000)
    share = Share(budget)
    with share:
        thread = threading.Thread(target=share.grow, args=[600])
        thread.start()
        budget.taken.wait()
    budget.go_on.set()
    thread.join()

    assert budget.free == 1_000
