"""Models behind one interface: OpenAI, Anthropic, Cohere and every OpenAI-compatible server.

    model = connector("anthropic/claude-sonnet-5-5")
    answer = await model.complete("Is this a refund?", schema=Label)
    answer.data, answer.usage

A provider's SDK is an extra (ecoa[openai], ecoa[anthropic], ecoa[cohere]) that is imported with the first question; its
own retries are off, because agents retry.
"""

from ecoa.connectors.fallback import first_healthy
from ecoa.connectors.named import anthropic, cohere, connector, openai
from ecoa.connectors.providers.anthropic import Anthropic
from ecoa.connectors.providers.cohere import Cohere
from ecoa.connectors.providers.compatible import OpenAICompatible, ollama, vllm
from ecoa.connectors.providers.openai import OpenAI
from ecoa.connectors.types import Chunk, Completion, Connector, FinishReason, Message, Prompt, Role, Tool, ToolCall

__all__ = [
    "Anthropic",
    "Chunk",
    "Cohere",
    "Completion",
    "Connector",
    "FinishReason",
    "Message",
    "OpenAI",
    "OpenAICompatible",
    "Prompt",
    "Role",
    "Tool",
    "ToolCall",
    "anthropic",
    "cohere",
    "connector",
    "first_healthy",
    "ollama",
    "openai",
    "vllm",
]
