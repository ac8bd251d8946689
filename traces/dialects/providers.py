"""Who served a model call: the names that clients give, what they mean, and how an unclear one is settled."""

from __future__ import annotations

from traces.dialects.vocabulary import label
from traces.values import Value

# Other spellings of the names in OpenTelemetry's list.
ALIASES = {
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "gemini": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "xai": "x_ai",
    "grok": "x_ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "bedrock": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "watsonx": "ibm.watsonx.ai",
    "amazon-bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "google.generative-ai": "gcp.gemini",
    "google.generativeai": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google_generativeai": "gcp.gemini",
    "googleai": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "vertex.anthropic": "gcp.vertex_ai",
    "azureai": "azure.ai.inference",
    "openai-responses": "openai",
    "openai-chat": "openai",
}
# Frameworks and placeholders that some clients give as the provider.
NOT_PROVIDERS = frozenset(
    {
        "strands-agents",
        "microsoft.agent_framework",
        "gcp.vertex.agent",
        "langchain",
        "langgraph",
        "litellm_proxy",
        "litellm",
        "llamaindex",
        "llama_index",
        "crewai",
        "crew_ai",
        "agno",
        "autogen",
        "haystack",
        "mcp",
        "traceloop",
        "openai_agents",
        "semantic_kernel",
        "gateway",
        "unknown",
        "_other",
        "other",
        "none",
    }
)
# Names that stand for several providers.
_AMBIGUOUS = frozenset({"google", "gcp.gen_ai", "openai_compatible", "openai-compatible"})
_HOSTS = {
    "api.openai.com": "openai",
    "api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "amazonaws.com": "aws.bedrock",
    "api.mistral.ai": "mistral_ai",
    "api.cohere.com": "cohere",
    "api.cohere.ai": "cohere",
    "api.groq.com": "groq",
    "api.deepseek.com": "deepseek",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "api.moonshot.ai": "moonshot_ai",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
}
_MODELS = {
    "claude": "anthropic",
    "gpt-": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "text-embedding-3": "openai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "command": "cohere",
    "deepseek": "deepseek",
    "grok": "x_ai",
}
# What the Vercel AI SDK puts behind a provider's name: the API that it called.
_SURFACES = (
    *(".chat", ".responses", ".completion", ".messages", ".embedding", ".embeddings", ".textembedding", ".image"),
    *(".speech", ".transcription", ".rerank", ".reranking"),
)
UNCLEAR = "?"  # a provider was named, but the name settles nothing


def provider(value: Value) -> str | None:
    """The provider of that name, UNCLEAR for a framework's or an ambiguous one."""
    text = label(value)
    if text is None:
        return None
    name = text.lower()
    if name in NOT_PROVIDERS:
        return UNCLEAR
    if name not in ALIASES:
        for surface in _SURFACES:
            if name.endswith(surface):
                name = name[: -len(surface)]
                break
    return ALIASES.get(name, name)


def settled(named: str | None, host: str | None, model: str | None) -> str | None:
    """The provider when the name alone does not tell: by the host called, else by the model's name."""
    if named is not None and named != UNCLEAR and named not in _AMBIGUOUS:
        return named
    if host:
        for suffix, name in _HOSTS.items():
            if host == suffix or host.endswith(("." + suffix, "-" + suffix)):
                return name
    if named is None:
        return None
    if model:
        found = next((name for prefix, name in _MODELS.items() if model.startswith(prefix)), None)
        if found:
            return found
    return None if named == UNCLEAR else named
