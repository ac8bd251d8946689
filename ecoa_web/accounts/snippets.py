"""The lines that point an OpenTelemetry exporter here."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from ecoa_web.config import Config


def otlp_endpoint(config: Config) -> str:
    """Where exporters send: the public address, which takes /v1/* too; on one's own machine the receiver's port."""
    return config.base_url if config.base_url_is_set else f"http://localhost:{config.otlp_http_port}"


def otel_environment(config: Config, secret: str) -> list[str]:
    """The environment of an agent, for any language's exporter. Header values are URL-encoded there."""
    return [
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={otlp_endpoint(config)}",
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        f'export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20{quote(secret, safe="")}"',
    ]
