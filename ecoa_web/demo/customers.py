"""Who writes to the shop, and the shop's own staff, who decide about dear refunds when nobody else does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from ecoa.errors import EcoaError
from ecoa.store.base import Ballot, ReviewFilter, ReviewRow, Store, Verdict
from ecoa_web.demo import words
from ecoa_web.demo.pipelines import Case

STAFF = "lena@coffee.example"
ORDERS, RETURNS = 0.6, 0.33  # of all messages; the others are questions
COMES_BACK = 0.6  # with the same conversation
AT_FIRST_S = (0.5, 2.5)  # between the first messages
LEFT_PENDING = 8  # reviews that staff leave to you


class Customers:
    """A seeded source of messages."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._conversations: dict[str, str] = {}

    def message(self) -> Case:
        """What one of them writes."""
        return self._case(self._text())

    async def write(self, send: Callable[[Case], Awaitable[object]], *, every: tuple[float, float]) -> None:
        """A few of each kind at once, a return that staff must decide among them; then now and then, for ever."""
        for text in words.FIRST_MESSAGES:
            await send(self._case(text))
            await asyncio.sleep(self._random.uniform(*AT_FIRST_S))
        while True:
            await send(self.message())
            await asyncio.sleep(self._random.uniform(*every))

    def _case(self, text: str) -> Case:
        customer = self._random.choice(words.CUSTOMERS)
        return Case(customer=customer, conversation=self._conversation(customer), text=text)

    def _text(self) -> str:
        article, draw = self._random.choice(words.ARTICLES), self._random.random()
        if draw < ORDERS:
            text = self._random.choice(words.ORDER_MESSAGES)
            return text.format(count=self._random.randint(1, 4), article=article.name)
        if draw < ORDERS + RETURNS:
            order = f"ORD-{self._random.randint(10_000, 99_999)}"
            return self._random.choice(words.RETURN_MESSAGES).format(article=article.name, order=order)
        return self._random.choice(words.QUESTIONS)

    def _conversation(self, customer: str) -> str:
        if customer not in self._conversations or self._random.random() > COMES_BACK:
            self._conversations[customer] = f"conv_{self._random.getrandbits(48):012x}"
        return self._conversations[customer]


async def staff(store: Store, random: Random, *, patience: float, leave: int = LEFT_PENDING) -> None:
    """Every so many seconds decide the oldest reviews, but leave some."""
    while True:
        await asyncio.sleep(patience * random.uniform(0.5, 1.0))
        page = await store.reviews(ReviewFilter(), limit=100)
        for review in page.rows[: max(0, len(page.rows) - leave)]:
            await decide(store, review, random)


async def decide(store: Store, review: ReviewRow, random: Random) -> None:
    """Mostly yes. Somebody else may be faster."""
    word: Verdict = "approve" if random.random() < 0.85 else "reject"
    comment = "" if word == "approve" else "The photo shows no damage."
    try:
        await store.decide_review(
            review.id, Ballot(version=review.version, decision=word, by=STAFF, via="python", comment=comment)
        )
    except EcoaError:  # decided, expired, or asked of others
        return
