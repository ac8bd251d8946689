"""
What happens in the shop, drawn from a seeded source:

    handle message                      order-desk
    ├── invoke_agent classifier
    │   └── chat                        now and then turned away first
    └── invoke_agent fulfilment         fulfilment; or: invoke_agent returns
        ├── execute_tool check_stock, get_address …
        ├── chat
        └── execute_tool charge_card, book_carrier …
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from ecoa_web.demo import words
from ecoa_web.demo.genai import (
    HAIKU,
    MINI,
    OVERLOADED,
    RATE_LIMIT,
    SONNET,
    Model,
    agent,
    chat,
    embedding,
    refused_chat,
    tool,
)
from ecoa_web.demo.step import MS, Failure, Step, in_sequence, side_by_side

DESK, FULFILMENT, RETURNS = "order-desk", "fulfilment", "returns"
SERVICES = (DESK, FULFILMENT, RETURNS)

CARRIER_TIMEOUT = Failure(
    kind="TimeoutError",
    message="the carrier's booking API did not answer within 8 s",
    stack='Traceback (most recent call last):\n  File "shop/carriers.py", line 41, in book\n'
    "    response = await client.post(url, json=parcel, timeout=8)\nTimeoutError: timed out after 8 s",
)
CARD_DECLINED = Failure(
    kind="CardDeclined",
    message="the card was declined: insufficient funds",
    stack='Traceback (most recent call last):\n  File "shop/payments.py", line 27, in charge\n'
    "    raise CardDeclined(reply.reason)\nCardDeclined: insufficient funds",
)
NO_SUCH_ORDER = Failure(
    kind="OrderNotFound",
    message="no such order",
    stack='Traceback (most recent call last):\n  File "shop/orders.py", line 63, in find\n'
    "    raise OrderNotFound(order_id)\nOrderNotFound: no such order",
)


@dataclass
class Shop:
    """The shop and its customers; every draw comes from one source."""

    random: Random
    conversations: dict[str, str] = field(default_factory=dict)

    def message(self) -> Step:
        """What one customer's message sets off."""
        customer = self.random.choice(words.CUSTOMERS)
        return self._order(customer) if self.random.random() < 0.62 else self._return(customer)

    def _order(self, customer: str) -> Step:
        article, count = self.random.choice(words.ARTICLES), self.random.randint(1, 4)
        text = self.random.choice(words.ORDER_MESSAGES).format(count=count, article=article.name)
        conversation = self._conversation(customer)
        classified = self._classify(text, conversation, {"intent": "order", "order_id": None, "urgency": 2})
        fulfilled = self._fulfil(customer, article, count, text, conversation)
        return self._root("order", customer, conversation, [classified, fulfilled])

    def _return(self, customer: str) -> Step:
        article, order = self.random.choice(words.ARTICLES), self._order_id()
        text = self.random.choice(words.RETURN_MESSAGES).format(article=article.name, order=order)
        conversation = self._conversation(customer)
        classified = self._classify(text, conversation, {"intent": "return", "order_id": order, "urgency": 3})
        handled = self._take_back(article, order, text, conversation)
        return self._root("return", customer, conversation, [classified, handled])

    def _root(self, intent: str, customer: str, conversation: str, parts: list[Step]) -> Step:
        root = Step(
            name=f"handle {intent}",
            service=DESK,
            attributes={
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": "customer-message",
                "gen_ai.conversation.id": conversation,
                "session.id": conversation,
                "user.id": customer,
                "shop.intent": intent,
            },
        )
        in_sequence(root, parts, gap_ns=6 * MS, tail_ns=12 * MS)
        root.failure = parts[-1].failure
        return root

    def _classify(self, text: str, conversation: str, verdict: dict[str, object]) -> Step:
        around = agent("classifier", service=DESK, model=MINI, conversation=conversation)
        calls = self._chat(MINI, DESK, words.CLASSIFIER_PROMPT, text, json.dumps(verdict), refused=0.06)
        return in_sequence(around, calls, gap_ns=3 * MS, tail_ns=2 * MS)

    def _fulfil(self, customer: str, article: words.Article, count: int, text: str, conversation: str) -> Step:
        around = agent("fulfilment", service=FULFILMENT, model=SONNET, conversation=conversation)
        order, cents = self._order_id(), article.cents * count
        lookups = side_by_side(
            Step(name="look up", service=FULFILMENT, attributes={"shop.order": order}),
            [
                self._tool("check_stock", {"sku": article.sku}, {"sku": article.sku, "on_hand": 40}, FULFILMENT, 90),
                self._tool("get_address", {"customer": customer}, {"city": "Lyon", "country": "FR"}, FULFILMENT, 60),
                self._tool("get_payment_method", {"customer": customer}, {"kind": "card"}, FULFILMENT, 140),
            ],
            gap_ns=2 * MS,
            tail_ns=MS,
        )
        plan = f"Reserve {count} x {article.sku}, charge {cents / 100:.2f} EUR, then book a carrier for {order}."
        steps = [lookups, *self._chat(SONNET, FULFILMENT, words.FULFILMENT_PROMPT, text, plan, refused=0.05)]
        declined = CARD_DECLINED if self.random.random() < 0.05 else None
        charge = {"order": order, "cents": cents}
        steps.append(self._tool("charge_card", charge, {"status": "captured"}, FULFILMENT, 480, declined))
        if declined:
            around.failure = declined
            return in_sequence(around, steps, gap_ns=4 * MS, tail_ns=5 * MS)
        booking = self._book_carrier(order)
        steps += booking
        around.failure = booking[-1].failure
        if not around.failure:
            answer = f"Your order {order} is on its way: {count} x {article.name}. We will mail the tracking number."
            steps += self._chat(HAIKU, FULFILMENT, words.FULFILMENT_PROMPT, plan, answer)
        return in_sequence(around, steps, gap_ns=4 * MS, tail_ns=5 * MS)

    def _book_carrier(self, order: str) -> list[Step]:
        """Up to three attempts; carriers are the shop's weakest part."""
        attempts = []
        for _ in range(3):
            carrier = self.random.choice(words.CARRIERS)
            failure = CARRIER_TIMEOUT if self.random.random() < 0.12 else None
            parcel, slip = (
                {"order": order, "carrier": carrier},
                {"tracking": f"{carrier}-{self.random.randint(10**8, 10**9)}"},
            )
            attempts.append(self._tool("book_carrier", parcel, slip, FULFILMENT, 8000 if failure else 650, failure))
            if failure is None:
                break
        return attempts

    def _take_back(self, article: words.Article, order: str, text: str, conversation: str) -> Step:
        around = agent("returns", service=RETURNS, model=SONNET, conversation=conversation)
        missing = NO_SUCH_ORDER if self.random.random() < 0.06 else None
        found = {"order": order, "sku": article.sku, "cents": article.cents}
        steps = [self._tool("lookup_order", {"order_id": order}, found, RETURNS, 110, missing)]
        if missing:
            around.failure = missing
            return in_sequence(around, steps, gap_ns=4 * MS, tail_ns=5 * MS)
        passages = self.random.sample(words.POLICY_PASSAGES, 2)
        steps.append(self._search(text, passages))
        refund = article.cents <= 10000
        decision = (
            f"{'Refund' if refund else 'Ask a person about'} {article.cents / 100:.2f} EUR for {order}: {passages[0]}"
        )
        prompt = text + "\n\nPolicy:\n" + "\n".join(passages)
        steps += self._chat(SONNET, RETURNS, words.RETURNS_PROMPT, prompt, decision, refused=0.05)
        name, ms = ("refund_payment", 520) if refund else ("open_ticket", 180)
        steps.append(self._tool(name, {"order_id": order, "cents": article.cents}, {"status": "done"}, RETURNS, ms))
        return in_sequence(around, steps, gap_ns=4 * MS, tail_ns=5 * MS)

    def _search(self, query: str, passages: list[str]) -> Step:
        around = Step(
            name="retrieval returns-policy",
            service=RETURNS,
            attributes={
                "gen_ai.operation.name": "retrieval",
                "gen_ai.data_source.id": "returns-policy",
                "gen_ai.retrieval.query.text": query,
            },
            results={"gen_ai.retrieval.documents": json.dumps([{"content": text} for text in passages])},
        )
        return in_sequence(around, [embedding(self.random, query, service=RETURNS)], gap_ns=2 * MS, tail_ns=35 * MS)

    def _chat(
        self, model: Model, service: str, system: str, prompt: str, answer: str, *, refused: float = 0.02
    ) -> list[Step]:
        """A model call, now and then after one that was turned away, now and then slow."""
        calls = []
        if self.random.random() < refused:
            failure = RATE_LIMIT if model.provider == "openai" else OVERLOADED
            calls.append(refused_chat(self.random, model, service=service, prompt=prompt, failure=failure))
        slow = self.random.uniform(4, 9) if self.random.random() < 0.04 else 1.0
        call = chat(self.random, model, service=service, system=system, prompt=prompt, answer=answer, slow=slow)
        return [*calls, call]

    def _tool(
        self,
        name: str,
        arguments: Mapping[str, object],
        result: object,
        service: str,
        ms: float,
        failure: Failure | None = None,
    ) -> Step:
        return tool(self.random, name, arguments, result, service=service, ms=ms, failure=failure)

    def _conversation(self, customer: str) -> str:
        """A customer's running conversation, or a new one."""
        if customer not in self.conversations or self.random.random() < 0.4:
            self.conversations[customer] = f"conv_{self.random.getrandbits(48):012x}"
        return self.conversations[customer]

    def _order_id(self) -> str:
        return f"ORD-{self.random.randint(10000, 99999)}"
