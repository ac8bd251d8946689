"""The shop's language models, without a network: their answers follow from the question, their moods from the clock.

They are connectors of ecoa like any provider's, so that retries, breakers, usage and spans are the real ones.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ecoa.connectors import Completion
from ecoa.connectors.base import Model, Request
from ecoa.errors import AgentError, Overloaded, RateLimited
from ecoa.result import Usage
from ecoa_web.demo.outages import is_down
from ecoa_web.demo.words import ARTICLES, POLICY_PASSAGES

OUTAGE = {"first_s": 150, "every_s": 660, "for_s": 35}  # a provider is overloaded for so long, so often
RATE_LIMITED, MALFORMED, SLOW = 0.03, 0.01, 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How a model answers."""

    response: str  # its full name
    first_token_s: float
    tokens_per_s: float


TRAITS: Mapping[str, Traits] = {
    "gpt-4o-mini": Traits(response="gpt-4o-mini-2024-07-18", first_token_s=0.32, tokens_per_s=95),
    "claude-sonnet-4-5": Traits(response="claude-sonnet-4-5-20250929", first_token_s=0.78, tokens_per_s=62),
    "claude-haiku-4-5": Traits(response="claude-haiku-4-5-20251001", first_token_s=0.41, tokens_per_s=120),
}


class ShopModel(Model):
    """A model that knows the shop's few kinds of question."""

    def __init__(self, name: str, provider: str) -> None:
        super().__init__(name, temperature=0.2)
        self.provider = provider  # type: ignore[misc]  # one class for all of them
        self._traits = TRAITS[name]
        self._random = Random()  # noqa: S311  a shop, not a secret

    async def _ask(self, request: Request) -> Completion[Any]:
        """
        1. turn the question away when the provider is overloaded, or once in a while;
        2. think as long as the answer is;
        3. answer, once in a while with half of it.
        """
        self._refuse()
        asked = "\n".join(message.content for message in request.messages)
        text = answer_to(request.messages[0].content, request.messages[-1].content)
        if self._random.random() < MALFORMED and request.shape:
            text = text[: len(text) // 2]
        tokens_in, tokens_out = 40 + len(asked) // 4, max(8, len(text) // 4)
        slow = self._random.uniform(4, 9) if self._random.random() < SLOW else self._random.lognormvariate(0, 0.3)
        await asyncio.sleep(slow * (self._traits.first_token_s + tokens_out / self._traits.tokens_per_s))
        cached = tokens_in // 2 if self._random.random() < 0.35 else 0
        return Completion(
            text=text,
            usage=Usage(input_tokens=tokens_in - cached, cache_read_tokens=cached, output_tokens=tokens_out),
            model=self._traits.response,
            provider=self.provider,
            id=f"resp_{self._random.getrandbits(80):020x}",
        )

    def _refuse(self) -> None:
        if self.provider == "openai" and is_down(**OUTAGE):
            raise Overloaded("503: the engine is overloaded")
        if self._random.random() < RATE_LIMITED:
            raise RateLimited("429: rate limit reached for requests per minute", retry_after=1.0)

    async def _pieces(self, request: Request) -> AsyncGenerator[str | Completion[Any]]:
        whole = await self._ask(request)
        yield whole.text
        yield whole

    def _translate(self, error: Exception) -> AgentError | None:
        return None

    def _open(self) -> None:
        """There is no client."""

    async def _shut(self, client: None) -> None:
        """Nor connections."""


def answer_to(system: str, text: str) -> str:
    """What the shop's prompts are answered with."""
    if system.startswith("You sort messages"):
        return json.dumps(_verdict(text))
    if system.startswith("You handle returns"):
        return json.dumps(_decision(text))
    if system.startswith("You fulfil orders"):
        return f"Reserve the articles, charge the card, then book a carrier. {text.splitlines()[0]}"
    return f"Dear customer, {text.splitlines()[0]} Your coffee shop."


def _verdict(text: str) -> dict[str, Any]:
    order = re.search(r"ORD-\d+", text)
    article = next((article for article in ARTICLES if article.name in text), None)
    count = re.search(r"\b(\d{1,2})\b(?! weeks| days)", text)
    sure = 0.62 + (len(text) * 7919 % 37) / 100
    intent = "return" if order else "order" if article and count else "question"
    return {
        "intent": intent,
        "sku": article.sku if article else None,
        "order_id": order[0] if order else None,
        "count": int(count[1]) if count and intent == "order" else 1,
        "confidence": round(sure, 2),
    }


def _decision(text: str) -> dict[str, Any]:
    damaged = "crack" in text or "stopped working" in text
    return {"refund": True, "reason": POLICY_PASSAGES[0 if damaged else 1]}


MINI = ShopModel("gpt-4o-mini", "openai")
SONNET = ShopModel("claude-sonnet-4-5", "anthropic")
HAIKU = ShopModel("claude-haiku-4-5", "anthropic")
