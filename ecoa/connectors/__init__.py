"""Models behind one interface: OpenAI, Anthropic, Cohere and every OpenAI-compatible server.

model = connector("anthropic/claude-sonnet-4-5")
answer = await model.complete("Is this a refund?", schema=Label)
answer.data, answer.usage
"""

from ecoa.connectors.types import Chunk, Completion, Connector, FinishReason, Message, Prompt, Role, Tool, ToolCall

__all__ = ["Chunk", "Completion", "Connector", "FinishReason", "Message", "Prompt", "Role", "Tool", "ToolCall"]
