"""The prices that genai-prices ships, as ours. Its snapshot is the installed package's: nothing is fetched.

The package is loaded at the first question, since it takes a second and 45 MB. It is asked once for a model and a day.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from traces.prices.rates import A_DOLLAR, FEMTO, Price, Rates, Tier, rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from genai_prices.types import ModelInfo, ModelPrice, Provider

# What runs on the caller's own machines has no list price.
LOCAL = frozenset(
    ("ollama", "vllm", "llama.cpp", "llama_cpp", "llamacpp", "llamafile", "lm_studio", "lmstudio", "localai", "local",
     "sglang", "tgi", "mlx", "transformers", "hf_local", "xinference", "gpt4all", "koboldcpp", "tabbyapi", "mlc")
)  # fmt: skip
# OpenTelemetry's names of providers where genai-prices has others.
NAMES = {
    "aws.bedrock": "aws",
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "gcp.gen_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
    "voyage_ai": "voyageai",
    "github_copilot": "github-copilot",
}
PREFIXES = ("models/", "publishers/google/models/", "publishers/anthropic/models/")  # resource paths before the name
CHILDREN = {"cache_read": "input", "cache_write": "input", "reasoning": "output"}  # without a price: as these
KEYS = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
    "reasoning": "output_reasoning_mtok",
}


def segments(provider: str | None, model: str, tier: str | None, day: datetime) -> list[tuple[int, Price]] | None:
    """The prices of a model through a day that begins at `day`, each with the nanosecond of the day from which it is.

    None: there is no such model, or it has no price for tokens or calls.
    """
    found = find(provider, model)
    if found is None:
        return None
    owner, info = found
    made = [(second * 10**9, price) for second in _turns(info) if (price := _at(owner, info, tier, day, second))]
    return [turn for place, turn in enumerate(made) if place == 0 or turn[1] != made[place - 1][1]] or None


@lru_cache(maxsize=4_096)
def find(provider: str | None, model: str) -> tuple[Provider, ModelInfo] | None:
    """The row for a model of a provider; without provider, by the model's name alone. Nothing is guessed."""
    for prefix in PREFIXES:
        model = model.removeprefix(prefix)
    first, slash, rest = model.partition("/")
    if LOCAL & {(provider or "").lower(), first.lower() if slash else ""}:
        return None
    found = _find(provider, model)
    if found is None and provider is None and slash:
        return _find(first, rest)  # as routers write it: openai/gpt-4o
    return found


def _find(provider: str | None, model: str) -> tuple[Provider, ModelInfo] | None:
    """genai-prices' own search, without its caches, which grow with every unknown name."""
    from genai_prices.data_snapshot import find_provider_by_id, get_snapshot

    providers = get_snapshot().providers
    if provider is None:
        name = model.lower()
        owner = next((one for one in providers if one.model_match and one.model_match.is_match(name)), None)
    else:
        owner = find_provider_by_id(providers, NAMES.get(provider.lower(), provider))
    info = owner.find_model(model, all_providers=providers) if owner else None
    return (owner, info) if owner and info else None


@cache
def version() -> str:
    """The source's name and version, as a price row shows it."""
    from importlib.metadata import version as installed

    return f"genai-prices {installed('genai-prices')}"


def _context(tier: str | None) -> Mapping[str, str]:
    """A service tier as genai-prices' context; batches are not a tier to it."""
    if tier is None:
        return {}
    return {"processing": "batch"} if tier == "batch" else {"service_tier": tier}


def _turns(info: ModelInfo) -> list[int]:
    """The seconds of a day at which a price of the model may change."""
    from genai_prices.types import TimeOfDateConstraint

    turns = {0}
    conditional = info.prices if isinstance(info.prices, list) else []
    for one in (*conditional, *(info.price_variants or ())):
        if isinstance(one.constraint, TimeOfDateConstraint):
            for at in (one.constraint.start_time, one.constraint.end_time):
                offset = at.utcoffset() or timedelta()
                clock = timedelta(hours=at.hour, minutes=at.minute, seconds=at.second) - offset
                turns.add(int(clock.total_seconds()) % 86_400)
    return sorted(turns)


def _at(owner: Provider, info: ModelInfo, tier: str | None, day: datetime, second: int) -> Price | None:
    moment = day + timedelta(seconds=second)
    own = any(info is model for model in owner.models)  # a fallback's variants do not hold for who resells it
    context = _context(tier) if own else {}
    standard, found = info.get_prices(moment), info.get_prices(moment, context)
    base = _rates(found, None)
    if base.none():
        return None
    return Price(
        rates=base,
        tiers=tuple(Tier(above, _rates(found, above)) for above in sorted(_thresholds(found), reverse=True)),
        source=version(),
        provider=owner.id,
        model=info.id,
        valid_from=_start(info, found if not context else standard),
        service_tier=tier if context and found != standard else None,
    )


def _start(info: ModelInfo, found: ModelPrice) -> str | None:
    """The day from which the row is valid, when it has one."""
    from genai_prices.types import StartDateConstraint

    for one in info.prices if isinstance(info.prices, list) else ():
        if one.prices is found and isinstance(one.constraint, StartDateConstraint):
            return one.constraint.start_date.isoformat()
    return None


def _thresholds(price: ModelPrice) -> set[int]:
    from genai_prices.types import TieredPrices

    return {
        tier.start
        for key in KEYS.values()
        if isinstance(value := getattr(price, key), TieredPrices)
        for tier in value.tiers
    }


def _rates(price: ModelPrice, above: int | None) -> Rates:
    """The rates of calls up to the first tier, or of those above one."""
    rates = {bucket: rate(_value(getattr(price, key), above)) for bucket, key in KEYS.items()}
    for bucket, parent in CHILDREN.items():
        if rates[bucket] is None:
            rates[bucket] = rates[parent]
    a_thousand = _value(price.requests_kcount, above)
    return Rates(**rates, call=round((a_thousand or Decimal(0)) * FEMTO / 1000))


def _value(price: object, above: int | None) -> Decimal | None:
    from genai_prices.types import TieredPrices

    if not isinstance(price, TieredPrices):
        return price if isinstance(price, Decimal) else None
    reached = [tier.price for tier in price.tiers if above is not None and tier.start <= above]
    return reached[-1] if reached else price.base


assert FEMTO == A_DOLLAR * 10**6, "a rate is a token's price in 1e-15 dollars"
