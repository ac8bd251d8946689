"""The dialects that spans are written in, one file each, in the order in which they are believed."""

from __future__ import annotations

from traces.dialects.agent_framework import AGENT_FRAMEWORK
from traces.dialects.agentops import AGENTOPS
from traces.dialects.claude_code import CLAUDE_CODE
from traces.dialects.codex import CODEX
from traces.dialects.ecoa import ECOA
from traces.dialects.engine import Tables
from traces.dialects.gemini_cli import GEMINI_CLI
from traces.dialects.genkit import GENKIT
from traces.dialects.google_adk import GOOGLE_ADK
from traces.dialects.laminar import LAMINAR
from traces.dialects.langfuse import LANGFUSE
from traces.dialects.langsmith import LANGSMITH
from traces.dialects.litellm import LITELLM
from traces.dialects.livekit import LIVEKIT
from traces.dialects.mlflow import MLFLOW
from traces.dialects.openai_agents import OPENAI_AGENTS
from traces.dialects.openinference import OPENINFERENCE
from traces.dialects.openlit import OPENLIT
from traces.dialects.openllmetry import OPENLLMETRY
from traces.dialects.otel_genai import OTEL_GENAI
from traces.dialects.plain import PLAIN
from traces.dialects.pydantic_ai import PYDANTIC_AI
from traces.dialects.strands import STRANDS
from traces.dialects.vercel_ai import VERCEL_AI
from traces.dialects.weave import WEAVE

# SDKs that name a kind of their own come before the rest: they know better than an operation's name.
DIALECTS = (
    ECOA,
    LANGFUSE,
    OPENINFERENCE,
    MLFLOW,
    OPENLLMETRY,
    LAMINAR,
    LANGSMITH,
    AGENTOPS,
    WEAVE,
    GENKIT,
    OTEL_GENAI,
    VERCEL_AI,
    PYDANTIC_AI,
    GOOGLE_ADK,
    STRANDS,
    AGENT_FRAMEWORK,
    OPENAI_AGENTS,
    CLAUDE_CODE,
    LITELLM,
    LIVEKIT,
    OPENLIT,
    GEMINI_CLI,
    CODEX,
    PLAIN,
)
TABLES = Tables(DIALECTS)
