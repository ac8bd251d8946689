"""One run of a made-up pipeline as finished spans, children before parents, as a batch processor sends them."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from bench.corpus.expected import Expected
from bench.corpus.world import (
    AGENTS,
    MISTAKE_RATE,
    MISTAKES,
    MODELS,
    PACES,
    ROLES,
    SERVICES,
    TOOLS,
    Mistake,
    Model,
    text,
)

type Value = str | bool | int | float | list[str]
type Attributes = list[tuple[str, Value]]

SAMPLED_REMOTE_KNOWN = 0x101
STACK = "Traceback (most recent call last):\n" + "".join(
    f'  File "/app/pipeline/step_{at}.py", line {40 + 13 * at}, in run\n    return self._call(request)\n'
    for at in range(6)
)


class Pipeline:
    """Makes the spans of one trace, and adds to what is expected."""

    def __init__(self, *, seed: int, index: int, start_ns: int, expected: Expected) -> None:
        self.rng = random.Random((seed << 40) ^ index)
        self.trace_id = self.rng.randbytes(16)
        self.now_ns = start_ns
        self.expected = expected
        self.spans: list[Span] = []
        self.session = f"conv-{self.rng.randbytes(8).hex()}"
        self.user = f"user-{self.rng.randrange(5000)}"
        self.service = self.rng.choice(SERVICES)

    def run(self, *, agents: int | None = None, budget: int = 40) -> list[Span]:
        """A whole trace of at most so many spans."""
        rng = self.rng
        root_id, start_ns = rng.randbytes(8), self.now_ns
        count = agents or rng.choices((2, 3, 4, 5, 6, 7, 8), weights=(10, 22, 28, 20, 12, 5, 3))[0]
        self.now_ns += rng.randrange(1_000_000, 5_000_000)
        left = budget - 1
        for at in range(count):
            room = left - 2 * (count - at - 1)
            left -= self.agent(root_id, rng.choice(AGENTS), budget=max(2, min(room, 9)))
        while budget <= 40 and len(self.spans) < 9:
            left -= self.agent(root_id, rng.choice(AGENTS), budget=4)
        self.now_ns += rng.randrange(1_000_000, 5_000_000)
        self._root(root_id, start_ns)
        return self.spans

    def agent(self, parent: bytes, name: str, *, budget: int, depth: int = 0) -> int:
        """An agent at work, with its model calls, its tools and now and then another agent; how many spans."""
        rng = self.rng
        span_id = rng.randbytes(8)
        model = MODELS[(AGENTS.index(name) + (rng.random() < 0.25)) % 5]
        start_ns = self.now_ns
        self.now_ns += rng.randrange(500_000, 8_000_000)
        left = self._turns(span_id, name, model, left=budget - 1)
        if depth == 0 and left >= 3 and rng.random() < 0.2:
            left -= self.agent(span_id, rng.choice(AGENTS), budget=min(left, 4), depth=1)
        self.now_ns += rng.randrange(200_000, 3_000_000)
        attributes: Attributes = [
            ("gen_ai.operation.name", "invoke_agent"),
            ("gen_ai.agent.name", name),
            ("gen_ai.agent.id", f"asst_{name}_v3"),
            ("gen_ai.provider.name", model.provider),
            ("gen_ai.request.model", model.name),
            ("gen_ai.conversation.id", self.session),
            ("app.step.retry", 0),
            ("app.step.cached", False),
        ]
        span = self._span(span_id, parent, f"invoke_agent {name}", Span.SPAN_KIND_INTERNAL, start_ns, attributes)
        mistake = self._emit(span, agent=name)
        self.expected.agent_ns[name].append(self.now_ns - start_ns)
        if mistake:
            self.expected.agent_errors[name] += 1
            self.expected.agent_timeouts[name] += mistake.type == "TimeoutError"
        return budget - left

    def _turns(self, span_id: bytes, name: str, model: Model, *, left: int) -> int:
        """Model calls, each followed by tools; what is left of the budget."""
        rng = self.rng
        for _ in range(1 + min(rng.choice((0, 0, 1, 1, 2)), max(0, left - 1) // 2)):
            if left <= 0:
                break
            self._chat(span_id, name, model)
            left -= 1
            for _ in range(rng.choice((0, 1, 1, 2))):
                if left > 0:
                    self._tool(span_id, name)
                    left -= 1
        return left

    def _chat(self, parent: bytes, agent: str, model: Model) -> None:
        rng, pace = self.rng, PACES[agent]
        start_ns = self.now_ns
        self.now_ns = start_ns + self._lognormal_ns(pace.median_ms * model.slowness, pace.sigma) + 1_000_000
        prompt = text(rng, int(1300 * rng.uniform(0.6, 1.4)))
        reply = text(rng, int(550 * rng.uniform(0.4, 1.6)))
        tokens_in, tokens_out = len(prompt) // 4 + 120 + rng.randrange(800), len(reply) // 4 + rng.randrange(60)
        asked = [_message("system", ROLES[agent]), _message("user", prompt)]
        answered = [{**_message("assistant", reply), "finish_reason": "stop"}]
        attributes: Attributes = [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", model.provider),
            ("gen_ai.request.model", model.name),
            ("gen_ai.response.model", model.name),
            ("gen_ai.response.id", "chatcmpl-" + rng.randbytes(12).hex()),
            ("gen_ai.response.finish_reasons", ["stop"]),
            ("gen_ai.request.temperature", 0.2),
            ("gen_ai.request.max_tokens", 2048),
            ("gen_ai.usage.input_tokens", tokens_in),
            ("gen_ai.usage.output_tokens", tokens_out),
            ("gen_ai.agent.name", agent),
            ("gen_ai.conversation.id", self.session),
            ("server.address", f"api.{model.provider.split('.')[0]}.example"),
            ("server.port", 443),
            ("gen_ai.input.messages", json.dumps(asked)),
            ("gen_ai.output.messages", json.dumps(answered)),
        ]
        name = f"chat {model.name}"
        span = self._span(rng.randbytes(8), parent, name, Span.SPAN_KIND_CLIENT, start_ns, attributes)
        self._emit(span, agent=agent)
        self.expected.model_calls += 1
        self.expected.model_ns[model.name].append(self.now_ns - start_ns)
        for of in (f"agent {agent}", f"model {model.name}"):
            self.expected.input_tokens[of] += tokens_in
            self.expected.output_tokens[of] += tokens_out

    def _tool(self, parent: bytes, agent: str) -> None:
        rng = self.rng
        name = rng.choice(TOOLS)
        start_ns = self.now_ns
        self.now_ns = start_ns + self._lognormal_ns(120, 1.0) + 200_000
        span_id = rng.randbytes(8)
        attributes: Attributes = [
            ("gen_ai.operation.name", "execute_tool"),
            ("gen_ai.tool.name", name),
            ("gen_ai.tool.type", "function"),
            ("gen_ai.tool.call.id", "call_" + rng.randbytes(9).hex()),
            ("gen_ai.agent.name", agent),
            ("gen_ai.conversation.id", self.session),
            ("gen_ai.tool.call.arguments", json.dumps({"query": text(rng, 80), "limit": rng.randrange(1, 50)})),
            ("gen_ai.tool.call.result", text(rng, 300)),
        ]
        span = self._span(span_id, parent, f"execute_tool {name}", Span.SPAN_KIND_INTERNAL, start_ns, attributes)
        self._emit(span, agent=agent)

    def _root(self, span_id: bytes, start_ns: int) -> None:
        attributes: Attributes = [
            ("http.request.method", "POST"),
            ("http.route", "/v1/run/{pipeline}"),
            ("http.response.status_code", 200),
            ("gen_ai.conversation.id", self.session),
            ("enduser.id", self.user),
            ("app.pipeline", self.service),
            ("app.pipeline.version", "2026.11.3"),
        ]
        name = f"pipeline {self.service}"
        self._emit(self._span(span_id, b"", name, Span.SPAN_KIND_SERVER, start_ns, attributes))
        self.expected.traces += 1
        self.expected.root_ns.append(self.now_ns - start_ns)

    def _span(
        self,
        span_id: bytes,
        parent: bytes,
        name: str,
        kind: Span.SpanKind.ValueType,
        start_ns: int,
        attributes: Attributes,
    ) -> Span:
        return Span(
            trace_id=self.trace_id,
            span_id=span_id,
            parent_span_id=parent,
            name=name,
            kind=kind,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=self.now_ns,
            attributes=[key_value(*attribute) for attribute in attributes],
            flags=SAMPLED_REMOTE_KNOWN,
        )

    def _emit(self, span: Span, *, agent: str | None = None) -> Mistake | None:
        """Add the span; three in a hundred fail."""
        self.spans.append(span)
        self.expected.spans += 1
        if self.rng.random() >= MISTAKE_RATE:
            span.status.code = Status.STATUS_CODE_OK if self.rng.random() < 0.3 else Status.STATUS_CODE_UNSET
            return None
        mistake = self.rng.choice(MISTAKES)
        span.status.code = Status.STATUS_CODE_ERROR
        span.status.message = mistake.message
        span.attributes.append(key_value("error.type", mistake.type))
        event = span.events.add(time_unix_nano=span.end_time_unix_nano, name="exception")
        stack = f"{STACK}{mistake.type}: {mistake.message}"
        told: Sequence[tuple[str, Value]] = [
            ("exception.type", mistake.type),
            ("exception.message", mistake.message),
            ("exception.stacktrace", stack),
        ]
        event.attributes.extend(key_value(*attribute) for attribute in told)
        self.expected.errors += 1
        if agent:
            self.expected.errors_of_all_spans[agent] += 1
        return mistake

    def _lognormal_ns(self, median_ms: float, sigma: float) -> int:
        return int(self.rng.lognormvariate(0, sigma) * median_ms * 1e6)


def _message(role: str, content: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


def key_value(key: str, value: Value) -> KeyValue:
    """An attribute as OTLP has it."""
    if isinstance(value, str):
        return KeyValue(key=key, value=AnyValue(string_value=value))
    if isinstance(value, bool):
        return KeyValue(key=key, value=AnyValue(bool_value=value))
    if isinstance(value, int):
        return KeyValue(key=key, value=AnyValue(int_value=value))
    if isinstance(value, float):
        return KeyValue(key=key, value=AnyValue(double_value=value))
    return KeyValue(
        key=key, value=AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in value]))
    )
