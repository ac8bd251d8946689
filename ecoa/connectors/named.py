"""Connectors by name: "anthropic/claude-sonnet-5-5", and one function for each provider."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from ecoa.connectors.providers.anthropic import Anthropic
from ecoa.connectors.providers.cohere import Cohere
from ecoa.connectors.providers.compatible import ollama, vllm
from ecoa.connectors.providers.openai import OpenAI
from ecoa.connectors.types import Connector


def openai(model: str, **settings: Any) -> OpenAI:
    """A model of OpenAI."""
    return OpenAI(model, **settings)


def anthropic(model: str, **settings: Any) -> Anthropic:
    """A model of Anthropic."""
    return Anthropic(model, **settings)


def cohere(model: str, **settings: Any) -> Cohere:
    """A model of Cohere."""
    return Cohere(model, **settings)


def _vllm(model: str, **settings: Any) -> Connector:
    """On the vLLM server at VLLM_BASE_URL, or on this machine."""
    return vllm(settings.pop("base_url", None) or os.environ.get("VLLM_BASE_URL") or _VLLM, model, **settings)


_VLLM = "http://localhost:8000/v1"
_PROVIDERS: dict[str, Callable[..., Connector]] = {
    "openai": openai,
    "anthropic": anthropic,
    "cohere": cohere,
    "ollama": ollama,
    "vllm": _vllm,
}


def connector(model: str | Connector, **settings: Any) -> Connector:
    """The connector of "provider/model"; one that is a connector already is returned as it is."""
    if not isinstance(model, str):
        return model
    provider, slash, name = model.partition("/")
    make = _PROVIDERS.get(provider)
    if make is None or not slash or not name:
        known = ", ".join(_PROVIDERS)
        raise ValueError(f"a model is named provider/model, the provider one of {known}; not {model!r}")
    return make(name, **settings)
