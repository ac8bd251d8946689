"""The lines to paste: environment, Python, Node, curl."""

from __future__ import annotations

from dataclasses import dataclass

PYTHON = """\
# pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)

with trace.get_tracer("first").start_as_current_span("invoke_agent hello") as span:
    span.set_attribute("gen_ai.operation.name", "invoke_agent")
    span.set_attribute("gen_ai.agent.name", "hello")
provider.shutdown()
"""
NODE = """\
// npm install @opentelemetry/sdk-node @opentelemetry/api @opentelemetry/exporter-trace-otlp-proto
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { NodeSDK } from "@opentelemetry/sdk-node";

const sdk = new NodeSDK({ traceExporter: new OTLPTraceExporter() });
sdk.start();

const span = trace.getTracer("first").startSpan("invoke_agent hello", {
  attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "hello" },
});
span.end();
await sdk.shutdown();
"""
CURL = """\
now=$(date +%s)
curl {endpoint}/v1/traces \\
  -H "Authorization: Bearer {secret}" \\
  -H "Content-Type: application/json" \\
  -d '{{"resourceSpans": [{{
        "resource": {{"attributes": [{{"key": "service.name", "value": {{"stringValue": "first"}}}}]}},
        "scopeSpans": [{{"spans": [{{
          "traceId": "'$(openssl rand -hex 16)'", "spanId": "'$(openssl rand -hex 8)'",
          "name": "invoke_agent hello", "kind": 1,
          "startTimeUnixNano": "'$now'000000000", "endTimeUnixNano": "'$now'450000000",
          "attributes": [
            {{"key": "gen_ai.operation.name", "value": {{"stringValue": "invoke_agent"}}}},
            {{"key": "gen_ai.agent.name", "value": {{"stringValue": "hello"}}}}
          ]
        }}]}}]
      }}]}}'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A tab: its name, what it is for, the lines."""

    key: str
    word: str
    note: str
    text: str


def snippets(environment: list[str], *, endpoint: str, secret: str) -> list[Snippet]:
    """One for each way to send a first span."""
    lines = "\n".join([*environment, "export OTEL_SERVICE_NAME=my-agents"])
    after = "First paste the lines of Environment into the same terminal; the exporter reads them."
    return [
        Snippet(
            key="environment",
            word="Environment",
            note="Any OpenTelemetry exporter, in any language, reads these. Start your agents with them.",
            text=lines,
        ),
        Snippet(key="python", word="Python", note=after, text=PYTHON.rstrip()),
        Snippet(key="node", word="Node", note=after, text=NODE.rstrip()),
        Snippet(
            key="curl",
            word="curl",
            note="One span, by hand. It needs nothing but a terminal.",
            text=CURL.format(endpoint=endpoint, secret=secret).rstrip(),
        ),
    ]
