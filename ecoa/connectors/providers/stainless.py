"""What the errors of OpenAI's and Anthropic's SDKs mean: one generator made both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecoa.connectors.failures import failure
from ecoa.errors import AgentError, AgentTimeout, MalformedOutput, TransientError


def translate(sdk: Any, error: Exception) -> AgentError | None:
    """One of ecoa's errors; None for what the SDK did not raise."""
    if isinstance(error, sdk.APITimeoutError):
        made: AgentError | None = AgentTimeout(str(error))
    elif isinstance(error, sdk.APIStatusError):
        made = _status(error)
    elif isinstance(error, sdk.APIResponseValidationError):
        made = MalformedOutput(f"the provider's answer cannot be read: {error}"[:500])
    elif isinstance(error, sdk.APIConnectionError):
        made = TransientError(f"no connection: {error.__cause__ or error}"[:500], type="ConnectionError")
    elif isinstance(error, sdk.APIError):  # an error inside a stream
        told = _told(error.body)
        made = failure(None, str(error), kind=told.get("code") or told.get("type"), headers={})
    elif isinstance(error, getattr(sdk, "OpenAIError", None) or sdk.AnthropicError):  # no key
        made = AgentError(str(error)[:500], type=type(error).__name__)
    else:
        made = None
    return made


def _status(error: Any) -> AgentError:
    """Of a refused request."""
    told = _told(error.body)
    message = told.get("message") or error.message
    kind = told.get("code") or told.get("type")
    return failure(error.status_code, str(message), kind=kind, headers=error.response.headers)


def _told(body: object) -> Mapping[str, Any]:
    """What the provider says went wrong; OpenAI's SDK has unwrapped it, Anthropic's has not."""
    if not isinstance(body, Mapping):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else body
