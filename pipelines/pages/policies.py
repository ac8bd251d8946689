"""Policies in words, read from the numbers of a definition's JSON. What is not told is not said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecoa_web import format as fmt

type Numbers = Mapping[str, Any]  # one policy of a definition's JSON

EFFECTS = {
    "transactional": "its effect is written in the same transaction: exactly once",
    "keyed": "its effect carries a key that stays the same: once, as far as the other side honours the key",
    "guarded": "its effect is tried at most once; in doubt a person is asked",
}
EXPIRY = {"escalate": "then the next group is asked", "reject": "then it counts as rejected", "hold": "then it is held"}
CHANGES = {
    "migrate": "When its code changes, unfinished runs go on where the steps still fit",
    "hold": "When its code changes, unfinished runs are held for a person",
}
MOST_WAITS = 6
SMALLEST_ALONE = 60  # a minute alone is 60 s, an hour is 1 h
LONG = 600  # seconds that are still told in seconds


def policies_in_words(policies: Numbers | None, *, effect: str | None = None) -> list[str]:
    """Sentences, in the order in which a call meets them."""
    told = policies or {}
    said = [
        _limiter(told.get("limiter")),
        _concurrency(told.get("concurrency"), told.get("bulkhead")),
        _retry(told.get("retry") or told.get("retry_policy")),
        _breaker(told.get("breaker")),
        _timeouts(told),
        _fallback(told.get("fallback")),
        _review(told.get("review") or told.get("require_review")),
        _compensate(told.get("compensate")),
        EFFECTS.get(effect or ""),
    ]
    return [text[0].upper() + text[1:] for text in said if text]


def pipeline_in_words(policies: Numbers) -> list[str]:
    """What holds for a pipeline as a whole."""
    timeout = policies.get("timeout")
    said = [
        f"A run takes at most {seconds(float(timeout))}" if timeout else "",
        CHANGES.get(str(policies.get("on_change")), ""),
        *policies_in_words({name: value for name, value in policies.items() if name != "timeout"}),
    ]
    return [sentence for sentence in said if sentence]


def seconds(value: float) -> str:
    """So many seconds as people say them: 50 ms, 90 s, 10 min, 4 h, 3 d."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if (value >= 2 * size and value % size == 0) or value == size > SMALLEST_ALONE:
            return f"{value / size:g}{fmt.SPACE}{unit}"
    return f"{value:g}{fmt.SPACE}s" if 1 <= value < LONG else fmt.text(fmt.duration_parts(value * 1000))


def waits(retry: Numbers) -> list[float]:
    """The nominal waits between attempts, in seconds."""
    attempts, factor = int(retry.get("max_attempts", 5)), float(retry.get("backoff_factor", 2))
    initial, cap = float(retry.get("initial", 1)), float(retry.get("max_delay", 60))
    return [min(cap, initial * factor**n) for n in range(min(attempts, 50) - 1)]


def _retry(retry: Any) -> str | None:  # JSON
    if not isinstance(retry, Mapping):
        return None
    attempts = int(retry.get("max_attempts", 5))
    if attempts <= 1:
        return "one attempt, no retries"
    nominal = waits(retry)
    listed = ", ".join(f"{wait:g}" for wait in nominal[:MOST_WAITS]) + (", …" if len(nominal) > MOST_WAITS else "")
    jitter = retry.get("jitter", "full")
    jittered = {"full": "full jitter", "equal": "equal jitter", "none": "no jitter"}.get(str(jitter), str(jitter))
    budget = ", within a retry budget" if retry.get("budget") else ""
    return f"{attempts} attempts, {jittered}, waits {listed} s{budget}"


def _breaker(breaker: Any) -> str | None:  # JSON
    if not isinstance(breaker, Mapping):
        return f"breaker {breaker}" if isinstance(breaker, str) else None
    threshold, recovery = breaker.get("failure_threshold", 3), float(breaker.get("recovery_timeout", 60))
    window = float(breaker.get("window") or recovery)
    rate = breaker.get("failure_rate")
    least = breaker.get("minimum_calls")
    share = f" that are at least {float(rate) * 100:g} % of the calls" if rate else ""
    calls = f", from {least} calls on" if least else ""
    named = f" {breaker['name']}" if breaker.get("name") else ""
    shared = "" if breaker.get("shared", True) else ", in this process only"
    return (
        f"breaker{named} opens after {threshold} failures in {seconds(window)}{share}{calls},"
        f" tries again after {seconds(recovery)}{shared}"
    )


def _timeouts(told: Numbers) -> str | None:
    parts = [
        (told.get("timeout"), "{} an attempt"),
        (told.get("total_timeout"), "{} in all, waits included"),
        (told.get("heartbeat"), "a sign of life every {}"),
        (told.get("queue_timeout"), "{} in the queue"),
    ]
    said = [text.format(seconds(float(value))) for value, text in parts if value]
    return f"at most {' and '.join(said)}" if said else None


def _limiter(limiter: Any) -> str | None:  # JSON
    if not isinstance(limiter, Mapping):
        return None
    units = {
        "requests_per_minute": "requests a minute",
        "tokens_per_minute": "tokens a minute",
        "input_tokens_per_minute": "input tokens a minute",
        "output_tokens_per_minute": "output tokens a minute",
        "concurrency": "at once",
    }
    inner = limiter.get("limits")
    limits: Numbers = inner if isinstance(inner, Mapping) else limiter
    said = [f"{limits[key]:,} {unit}" for key, unit in units.items() if limits.get(key)]
    said += [f"{value:,} {key.replace('_', ' ')} a minute" for key, value in _plain_limits(limits) if value]
    named = f"limiter {limiter['name']}: " if limiter.get("name") else "at most "
    return named + ", ".join(said) if said else None


def _plain_limits(limits: Numbers) -> list[tuple[str, Any]]:
    return [(key, limits.get(key)) for key in ("requests", "tokens", "input_tokens", "output_tokens")]


def _concurrency(concurrency: Any, bulkhead: Any) -> str | None:  # JSON
    if isinstance(bulkhead, Mapping):
        concurrency = bulkhead.get("limit") or bulkhead.get("size") or concurrency
    return f"at most {concurrency} at once" if isinstance(concurrency, int) and concurrency else None


def _fallback(fallback: Any) -> str | None:  # JSON
    name = fallback.get("name") or fallback.get("agent") if isinstance(fallback, Mapping) else fallback
    return f"when all that fails, {name} answers instead" if isinstance(name, str) and name else None


def _compensate(compensate: Any) -> str | None:  # JSON
    name = compensate.get("name") or compensate.get("agent") if isinstance(compensate, Mapping) else compensate
    return f"is undone by {name}" if isinstance(name, str) and name else None


def _review(review: Any) -> str | None:  # JSON
    if not isinstance(review, Mapping):
        return "may ask a person" if review is True else None
    by = review.get("by") or review.get("groups") or "reviewers"
    who = by if isinstance(by, str) else ", ".join(str(group) for group in by)
    quorum = int(review.get("quorum") or 1)
    asked = f"{quorum} of {who} decide" if quorum > 1 else f"{who} decide"
    expires = review.get("expires") or review.get("expires_in")
    within = f" within {seconds(float(expires))}" if isinstance(expires, int | float) else ""
    after = f", {EXPIRY[review['on_expire']]}" if within and review.get("on_expire") in EXPIRY else ""
    return f"{asked}{within}{after}"
