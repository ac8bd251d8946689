"""Those who decide: over the API with a key, or over the page's own form, signed in. Each sends everything twice."""

from __future__ import annotations

import asyncio
import json
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any, Literal

import httpx

from bench.stack import PASSWORD
from tests.platform.running import PATIENCE_S

HIDDEN = re.compile(r'<input type="hidden" name="(version|digest|csrfmiddlewaretoken)" value="(\w+)">')
REASON = "the bench says so"
REACTION_S = 0.05  # so that not always the same one is first


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one says of one review."""

    decision: Literal["approve", "edit", "reject"]
    refund: dict[str, Any]  # what goes on: of an edit, the edited one

    @property
    def ends(self) -> str:
        return "rejected" if self.decision == "reject" else "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One request and its answer."""

    review: str
    by: str
    via: str
    choice: Choice
    status: int
    seconds: float

    @property
    def accepted(self) -> bool:
        return self.status in (HTTPStatus.OK, HTTPStatus.FOUND)


class Decider(ABC):
    """Somebody with a connection to the stack."""

    via: str

    def __init__(self, base: str, name: str, **headers: str) -> None:
        self.name = name
        self._random = Random(name)
        self.client = httpx.AsyncClient(base_url=base, headers=headers, timeout=PATIENCE_S, verify=False)

    @abstractmethod
    async def read(self, review: str) -> dict[str, str]:
        """What the review shows, to be sent with the decision."""

    @abstractmethod
    async def send(self, review: str, seen: dict[str, str], choice: Choice) -> int:
        """Send a decision; the answer's status."""

    async def decide_twice(self, review: str, choice: Choice, start: asyncio.Barrier) -> list[Said]:
        """Read it, wait for everybody, click twice."""
        seen = await self.read(review)
        await start.wait()
        await asyncio.sleep(self._random.uniform(0, REACTION_S))
        return list(await asyncio.gather(*(self._click(review, seen, choice) for _ in range(2))))

    async def _click(self, review: str, seen: dict[str, str], choice: Choice) -> Said:
        begun = time.monotonic()
        status = await self.send(review, seen, choice)
        seconds = time.monotonic() - begun
        return Said(review=review, by=self.name, via=self.via, choice=choice, status=status, seconds=seconds)


class Robot(Decider):
    """A key with the scope review."""

    via = "api"

    def __init__(self, base: str, name: str, *, key: str) -> None:
        super().__init__(base, name, Authorization=f"Bearer {key}")

    async def read(self, review: str) -> dict[str, str]:
        shown = (await self.client.get(f"/api/v1/reviews/{review}")).raise_for_status().json()
        return {"version": shown["version"], "digest": shown["digest"]}

    async def send(self, review: str, seen: dict[str, str], choice: Choice) -> int:
        told: dict[str, Any] = {**seen, "decision": choice.decision, "comment": REASON}
        if choice.decision == "edit":
            told["output"] = choice.refund
        return (await self.client.post(f"/api/v1/reviews/{review}/decision", json=told)).status_code


class Person(Decider):
    """Somebody signed in, with the form's own fields and token."""

    via = "web"

    async def sign_in(self) -> None:
        """Through the sign-in page."""
        page = await self.client.get("/accounts/login/")
        form = dict(HIDDEN.findall(page.text))
        answer = await self.client.post("/accounts/login/", data={**form, "login": self.name, "password": PASSWORD})
        assert answer.status_code == HTTPStatus.FOUND, answer.text

    async def read(self, review: str) -> dict[str, str]:
        page = (await self.client.get(f"/p/default/reviews/{review}/")).raise_for_status()
        form = page.text.partition("data-decide")[2]
        return dict(HIDDEN.findall(form.partition("</form>")[0]))

    async def send(self, review: str, seen: dict[str, str], choice: Choice) -> int:
        told = {**seen, "decision": choice.decision, "reason": REASON}
        if choice.decision == "edit":
            told["output"] = json.dumps(choice.refund)
        return (await self.client.post(f"/p/default/reviews/{review}/decide/", data=told)).status_code
