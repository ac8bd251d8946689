"""What an agent is given beside its callable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ecoa.errors import Misuse

if TYPE_CHECKING:
    from ecoa.agent import Agent
    from ecoa.connectors.types import Connector
    from ecoa.resilience.breaker import CircuitBreaker
    from ecoa.resilience.limiter import RateLimiter
    from ecoa.resilience.retry import RetryPolicy
    from ecoa.result import Result
    from ecoa.review import Review

type EffectClass = Literal["none", "transactional", "keyed", "guarded"]

DEFAULTS: Mapping[str, Any] = {
    "model": None,
    "retry_policy": None,
    "breaker": None,
    "timeout": None,
    "total_timeout": None,
    "heartbeat": None,
    "limiter": None,
    "concurrency": None,
    "fallback": None,
    "effect": "none",
    "verify": None,
    "key_ttl": 86400.0,
    "compensate": None,
    "require_review": None,
    "input": None,
    "output": None,
}


class Options(TypedDict, total=False):
    """The options of Agent and @agent; Agent's docstring tells what each does."""

    model: Connector | str | None
    retry_policy: RetryPolicy | None
    breaker: CircuitBreaker | None
    timeout: float | None
    total_timeout: float | None
    heartbeat: float | None
    limiter: RateLimiter | None
    concurrency: int | None
    fallback: Agent[Any, Any] | None
    effect: EffectClass
    verify: Callable[[Any, str], Any] | None
    key_ttl: float | None
    compensate: Agent[Any, Any] | None
    require_review: Review | Callable[[Result[Any]], bool] | None
    input: Any
    output: Any


def checked(name: str, options: Mapping[str, Any]) -> None:
    """Raise Misuse for options that cannot be meant."""
    for unknown in options.keys() - DEFAULTS.keys():
        raise Misuse(f"agent {name!r}: there is no option {unknown!r}; there are {', '.join(DEFAULTS)}")
    for span in ("timeout", "total_timeout", "heartbeat", "key_ttl"):
        value = options.get(span)
        if value is not None and not value > 0:
            raise Misuse(f"agent {name!r}: {span} is seconds above 0, not {value!r}")
    if options.get("effect") not in ("none", "transactional", "keyed", "guarded"):
        raise Misuse(f"agent {name!r}: effect is none, transactional, keyed or guarded, not {options.get('effect')!r}")
    if options.get("verify") is not None and options.get("effect") != "guarded":
        raise Misuse(f"agent {name!r}: verify is for effect='guarded'")
