"""
The payment server of the test, an ECOA knows nothing about: python -m bench.chaos.bank PORT SEED

    POST /charge  {"order", "cents"}, Idempotency-Key   honours the key: one charge, the same answer for ever
    POST /ship    {"order"}                             knows no keys: every request that arrives ships
    GET  /ledger  what was done, and how badly it was answered

It misbehaves by a hash of seed, path, key and how often it was asked: it refuses before the commit, and after it drops
the answer, delays it beyond the caller's timeout, or takes the same request twice, as a network does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

# Shares of requests. Of those that are answered in time nothing is said.
REFUSED, DROPPED, DELAYED, DOUBLED = 0.02, 0.015, 0.01, 0.02
DELAY_S = 6.0  # longer than the callers' timeouts
LATENCY_S = 0.01


@dataclass
class Bank:
    """What was really done, kept where no fault of the test reaches it."""

    seed: int
    charges: dict[str, list[int]] = field(default_factory=dict)  # by order: the cents of each charge
    ships: Counter[str] = field(default_factory=Counter)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)  # by key
    asked: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)

    def charge(self, order: str, cents: int, key: str) -> dict[str, Any]:
        """Charge once for a key."""
        if key in self.answers:
            self.told["charges repeated, answered from the key"] += 1
            return self.answers[key]
        self.charges.setdefault(order, []).append(cents)
        self.answers[key] = {"order": order, "charged": cents, "id": f"ch_{len(self.answers) + 1}"}
        return self.answers[key]

    def ship(self, order: str) -> dict[str, Any]:
        """Ship, as often as one is told to."""
        self.ships[order] += 1
        return {"order": order, "parcel": f"P-{order}-{self.ships[order]}"}

    def mood(self, path: str, subject: str) -> float:
        """A number from 0 to 1 for this request, the same in every run with this seed."""
        self.asked[f"{path} {subject}"] += 1
        text = f"{self.seed} {path} {subject} {self.asked[f'{path} {subject}']}"
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / 2**64

    def ledger(self) -> dict[str, Any]:
        """Everything, for the verdict."""
        return {"charges": self.charges, "ships": dict(self.ships), "told": dict(self.told)}


class Dropped(Exception):
    """The connection ends without an answer."""


async def answer(bank: Bank, path: str, key: str, asked: dict[str, Any]) -> tuple[HTTPStatus, dict[str, Any]]:
    """Do what is asked, well or badly."""
    if path == "/ledger":
        return HTTPStatus.OK, bank.ledger()
    mood = bank.mood(path, asked["order"])
    await asyncio.sleep(LATENCY_S)
    if mood < REFUSED:
        bank.told["refused before the commit"] += 1
        return HTTPStatus.SERVICE_UNAVAILABLE, {}
    if path == "/charge":
        told = bank.charge(asked["order"], asked["cents"], key)
        if 1 - mood < DOUBLED:
            bank.told["requests delivered twice"] += 1
            told = bank.charge(asked["order"], asked["cents"], key)
    else:
        told = bank.ship(asked["order"])
    if mood < REFUSED + DROPPED:
        bank.told["answers dropped after the commit"] += 1
        raise Dropped
    if mood < REFUSED + DROPPED + DELAYED:
        bank.told["answers delayed after the commit"] += 1
        await asyncio.sleep(DELAY_S)
    return HTTPStatus.OK, told


async def serve(bank: Bank, port: int) -> None:
    """HTTP/1.1, one request a connection."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = head[0].split()[1]
            status, told = await answer(bank, path, headers.get("idempotency-key", ""), json.loads(body or b"{}"))
            text = json.dumps(told).encode()
            first = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(first.encode() + text)
            await writer.drain()
        except (Dropped, OSError, asyncio.IncompleteReadError):
            pass  # the caller sees its connection end
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(Bank(int(sys.argv[2])), int(sys.argv[1])))
