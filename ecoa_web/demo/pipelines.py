"""
The shop's pipelines, on the engine that ECOA brings: ECOA_PIPELINES=ecoa_web.demo.pipelines

customer-message   classify ─┬─ return   look up ▶ decide ▶ review of dear ones ▶ refund ▶ tell
                             ├─ order    stock ▶ address, card ▶ plan ▶ charge ▶ carrier ▶ confirm
                             └─ question answer
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Literal

from ecoa.agent import Result, agent
from ecoa.calling.context import CallContext
from ecoa.connectors import Message as Line
from ecoa.context import SessionContext
from ecoa.errors import AgentError
from ecoa.orchestrator import CircuitBreaker, Pipeline, RetryPolicy
from ecoa.trace import span
from ecoa_web.demo import words
from ecoa_web.demo.models import HAIKU, MINI, SONNET
from ecoa_web.demo.outages import is_down

DEAR_CENTS = 10_000  # refunds above it need a person
DECLINED, NO_SUCH_ORDER, CARRIER_SILENT = 0.03, 0.04, 0.06
CARRIER_OUTAGE = {"first_s": 300, "every_s": 1500, "for_s": 40}

calm = RetryPolicy(max_attempts=4, backoff_factor=2, initial=0.5)
carriers = CircuitBreaker(failure_threshold=3, recovery_timeout=30, name="carriers")
openai = CircuitBreaker(failure_threshold=3, recovery_timeout=20, name="openai")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A customer's message and what has become of it."""

    customer: str
    conversation: str
    text: str
    intent: Literal["order", "return", "question"] = "question"
    sku: str | None = None
    count: int = 1
    order_id: str = ""
    cents: int = 0
    address: str = ""
    card: str = ""
    reason: str = ""
    tracking: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the classifier makes of a message."""

    intent: Literal["order", "return", "question"]
    sku: str | None
    order_id: str | None
    count: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the policy says of a return."""

    refund: bool
    reason: str


class CardDeclined(AgentError):
    """The card was declined: insufficient funds."""


class OrderNotFound(AgentError):
    """There is no such order."""


async def _classify(case: Case, model: Any) -> Case:
    asked = [Line("system", words.CLASSIFIER_PROMPT), Line("user", case.text)]
    verdict: Verdict = (await model.complete(asked, schema=Verdict)).data
    session = SessionContext(case.customer, session=case.conversation)
    session.update("messages", lambda count: (count or 0) + 1)
    session.set("last_intent", verdict.intent)
    order = verdict.order_id or f"ORD-{Random(case.text + case.conversation).randint(10_000, 99_999)}"  # noqa: S311
    return replace(case, intent=verdict.intent, sku=verdict.sku, count=verdict.count, order_id=order)


@agent(name="classifier-backup", timeout=8, retry_policy=calm)
async def classifier_backup(case: Case) -> Case:
    """The other provider's."""
    return await _classify(case, HAIKU)


@agent(name="classifier", timeout=6, retry_policy=calm, breaker=openai, fallback=classifier_backup)
async def classifier(case: Case) -> Case:
    """What does the customer want?"""
    return await _classify(case, MINI)


@agent(name="stock", timeout=5)
async def stock(case: Case) -> Case:
    """Is there enough of it?"""
    article = words.article(case.sku)
    await _tool("check_stock", {"sku": article.sku}, {"on_hand": 40}, ms=90)
    return replace(case, cents=article.cents * case.count)


@agent(name="address-book", timeout=5)
async def address_book(case: Case) -> Case:
    """Where does it go?"""
    await _tool("get_address", {"customer": case.customer}, {"city": "Lyon"}, ms=60)
    return replace(case, address="Lyon, FR")


@agent(name="wallet", timeout=5)
async def wallet(case: Case) -> Case:
    """What is it paid with?"""
    await _tool("get_payment_method", {"customer": case.customer}, {"kind": "card"}, ms=140)
    return replace(case, card="card")


def together(cases: list[Case]) -> Case:
    """What the two looked up."""
    return replace(cases[0], card=cases[1].card)


@agent(name="fulfilment", timeout=20, retry_policy=calm)
async def fulfilment(case: Case) -> Case:
    """How is it done?"""
    about = f"{case.count} x {case.sku}, {case.cents / 100:.2f} EUR, order {case.order_id}."
    await SONNET.complete([Line("system", words.FULFILMENT_PROMPT), Line("user", about)])
    return case


@agent(name="give-back", effect="keyed", timeout=6, retry_policy=calm)
async def give_back(case: Case, *, ctx: CallContext) -> Case:
    """The charge of an order that could not be shipped."""
    await _tool("refund_payment", {"order": case.order_id, "key": ctx.idempotency_key}, {"status": "done"}, ms=420)
    return case


@agent(name="charge", effect="keyed", timeout=6, retry_policy=calm, compensate=give_back)
async def charge(case: Case, *, ctx: CallContext) -> Case:
    """Take the money, once."""
    if _drawn(ctx.idempotency_key) < DECLINED:
        raise CardDeclined
    asked = {"order": case.order_id, "cents": case.cents, "key": ctx.idempotency_key}
    await _tool("charge_card", asked, {"status": "captured"}, ms=480)
    return case


@agent(name="carrier", effect="keyed", timeout=6, retry_policy=calm, breaker=carriers)
async def carrier(case: Case, *, ctx: CallContext) -> Case:
    """Carriers are the shop's weakest part."""
    name = words.CARRIERS[int(_drawn(ctx.idempotency_key, "carrier") * len(words.CARRIERS))]
    down = is_down(**CARRIER_OUTAGE)
    silent = down or _drawn(ctx.idempotency_key, ctx.attempt) < CARRIER_SILENT
    slip = {"tracking": f"{name}-{int(_drawn(ctx.idempotency_key, 'slip') * 1e9):09}"}
    await _tool("book_carrier", {"order": case.order_id, "carrier": name}, slip, ms=60_000 if silent else 650)
    return replace(case, tracking=slip["tracking"])


@agent(name="confirmation", timeout=20, retry_policy=calm)
async def confirmation(case: Case) -> Case:
    """Tell the customer."""
    told = f"your order {case.order_id} is on its way: {case.tracking}."
    written = await HAIKU.complete([Line("system", words.WRITER_PROMPT), Line("user", told)])
    return replace(case, answer=written.text)


@agent(name="order-lookup", timeout=5)
async def order_lookup(case: Case) -> Case:
    """Which order is it about?"""
    if _drawn(case.order_id) < NO_SUCH_ORDER:
        raise OrderNotFound(f"there is no order {case.order_id}")
    article = words.article(case.sku)
    await _tool("lookup_order", {"order_id": case.order_id}, {"sku": article.sku, "cents": article.cents}, ms=110)
    return replace(case, cents=article.cents)


@agent(name="returns", timeout=20, retry_policy=calm)
async def returns(case: Case) -> Case:
    """Refund, by which policy?"""
    passages = "\n".join(words.POLICY_PASSAGES)
    asked = [Line("system", words.RETURNS_PROMPT), Line("user", f"{case.text}\n\nPolicy:\n{passages}")]
    decision = (await SONNET.complete(asked, schema=Decision)).data
    assert decision is not None
    return replace(case, reason=decision.reason)


@agent(name="refund", effect="keyed", timeout=6, retry_policy=calm)
async def refund(case: Case, *, ctx: CallContext) -> Case:
    """Give the money back, once."""
    asked = {"order": case.order_id, "cents": case.cents, "key": ctx.idempotency_key}
    await _tool("refund_payment", asked, {"status": "done"}, ms=520)
    return case


@agent(name="reply", timeout=20, retry_policy=calm)
async def reply(case: Case) -> Case:
    """Write back."""
    told = f"{case.cents / 100:.2f} EUR for {case.order_id} are on their way." if case.cents else "we look into it."
    written = await HAIKU.complete([Line("system", words.WRITER_PROMPT), Line("user", told)])
    return replace(case, answer=written.text)


def is_dear(result: Result[Case]) -> str | None:
    """Why a person has to agree, if one has."""
    cents = result.unwrap().cents
    return f"over the limit of {DEAR_CENTS / 100:.2f} EUR" if cents > DEAR_CENTS else None


def refund_in_words(case: Case) -> str:
    """What a reviewer decides about."""
    return f"Refund {case.cents / 100:.2f} EUR of {case.order_id} to {case.customer}"


taken_back = (
    Pipeline("returns", order_lookup, returns)
    .review(when=is_dear, title=refund_in_words, expires=timedelta(days=2))
    .then(refund, reply)
)
fulfilled = (
    Pipeline("fulfilment", stock)
    .parallel(address_book, wallet, join=together, name="look-up")
    .then(fulfilment, charge, carrier, confirmation)
)
others = Pipeline("other-messages").when(lambda case: case.intent == "order", fulfilled, reply, name="is-order")
customer_message = Pipeline("customer-message", classifier).when(
    lambda case: case.intent == "return", taken_back, others, name="is-return"
)


async def _tool(name: str, arguments: dict[str, Any], result: dict[str, Any], *, ms: float) -> None:
    """A call of one of the shop's own services."""
    with span("tool", name, **{"gen_ai.tool.call.arguments": json.dumps(arguments)}) as here:
        await asyncio.sleep(ms / 1000 * Random().lognormvariate(0, 0.3))  # noqa: S311  a shop, not a secret
        here.set(**{"gen_ai.tool.call.result": json.dumps(result)})


def _drawn(*of: object) -> float:
    """A number from 0 to 1 that is the same for the same things."""
    return Random(repr(of)).random()  # noqa: S311  a shop, not a secret
