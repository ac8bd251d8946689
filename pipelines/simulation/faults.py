"""What goes wrong, drawn from hashes: a call meets the same fault whoever makes it, and whatever happened before.

One mix for everything. It was chosen so that the naive chain's figures come out near those that were claimed for it;
what the orchestrated chain makes of the same faults is an outcome.
"""

from __future__ import annotations

import hashlib
import math
import random
import struct
from bisect import bisect_right
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

type Outage = Literal["down", "hanging"]

PRIMARY, SECONDARY = "primary", "secondary"
_STANDARD = NormalDist()
_UNIT = 2.0**-64


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """How often what goes wrong. Shares are of calls, of orders, of requests or of the day."""

    outages: int = 6  # of the primary provider, alternately hard down and hanging
    out: float = 0.055  # of the day
    secondary_out: float = 0.0009  # of the day, inside an outage of the primary
    hang: float = 0.0035  # of calls
    error: float = 0.004  # of calls: a fast 5xx
    malformed: float = 0.003  # of calls
    lost: float = 0.0013  # of orders: committed, but the answer never comes
    invalid: float = 0.0028  # of requests: can never succeed
    median: float = 0.22  # seconds of a call
    sigma: float = 0.45  # of the logarithm
    slower: float = 1.3  # the secondary provider, times
    refusal: float = 0.05  # seconds until a 5xx

    def times(self, factor: float) -> Mix:
        """As many faults, times a factor; what is invalid stays."""
        return replace(
            self,
            out=self.out * factor,
            secondary_out=self.secondary_out * factor,
            hang=self.hang * factor,
            error=self.error * factor,
            malformed=self.malformed * factor,
            lost=self.lost * factor,
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """How one call goes, as long as its provider is up."""

    fault: Literal["hang", "error", "malformed"] | None
    latency: float  # seconds
    lost: bool  # of an order: the answer


def fate(mix: Mix, seed: int, request: int, agent: str, attempt: int, provider: str) -> Fate:
    """The fate of a call: a function of nothing but these."""
    which, how_long, whether_lost = _uniforms(f"{seed}/{request}/{agent}/{attempt}/{provider}")
    latency = mix.median * math.exp(mix.sigma * _STANDARD.inv_cdf(max(how_long, 1e-12)))
    fault: Literal["hang", "error", "malformed"] | None = None
    if which < mix.hang:
        fault = "hang"
    elif which < mix.hang + mix.error:
        fault = "error"
    elif which < mix.hang + mix.error + mix.malformed:
        fault = "malformed"
    return Fate(fault, latency * mix.slower if provider == SECONDARY else latency, whether_lost < mix.lost)


def chance(share: float, *key: object) -> bool:
    """Whether this one is among the share."""
    return _uniforms("/".join(map(str, key)))[0] < share


def _uniforms(key: str) -> tuple[float, float, float]:
    lanes = struct.unpack("<3Q", hashlib.blake2b(key.encode(), digest_size=24).digest())
    return lanes[0] * _UNIT, lanes[1] * _UNIT, lanes[2] * _UNIT


class Schedule:
    """When the providers are out."""

    def __init__(self, mix: Mix, *, seed: int, duration: float) -> None:
        draw = random.Random(f"outages {seed}")  # noqa: S311  # a simulation
        shares = [draw.uniform(0.6, 1.4) for _ in range(mix.outages)]
        total = sum(shares)
        slot = duration / mix.outages
        self.windows: list[tuple[float, float]] = []
        for n, share in enumerate(shares):
            length = min(mix.out * duration * share / total, slot * 0.9)
            begin = n * slot + draw.uniform(0, slot - length)
            self.windows.append((begin, begin + length))
        self._begins = [begin for begin, _ in self.windows]
        home = self.windows[draw.randrange(mix.outages)]
        length = min(mix.secondary_out * duration, home[1] - home[0])
        begin = draw.uniform(home[0], home[1] - length)
        self.secondary = (begin, begin + length)

    def outage(self, provider: str, at: float) -> Outage | None:
        """What is wrong with the provider at this second of the day."""
        if provider == SECONDARY:
            return "down" if self.secondary[0] <= at < self.secondary[1] else None
        n = bisect_right(self._begins, at) - 1
        if n < 0 or at >= self.windows[n][1]:
            return None
        return "hanging" if n % 2 else "down"


def arrivals(rate: float, *, seed: int, duration: float) -> list[float]:
    """Seconds at which requests come: a Poisson process."""
    draw = random.Random(f"arrivals {seed}")  # noqa: S311  # a simulation
    at, times = draw.expovariate(rate), []
    while at < duration:
        times.append(at)
        at += draw.expovariate(rate)
    return times
