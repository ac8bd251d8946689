"""Where spans go: the application's own OpenTelemetry provider when it has one, else OTLP over HTTP.

OTEL_EXPORTER_OTLP_ENDPOINT and the other variables of OpenTelemetry are obeyed; ECOA_API_KEY is sent as a bearer token.
"""

from __future__ import annotations

import os
import sys
import threading
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import trace as otel
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator

from ecoa.trace.pending import Announcer

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

FORCED: ContextVar[tuple[int | None, int | None]] = ContextVar("ecoa_forced_ids", default=(None, None))  # trace, span
_TIMEOUT_S = 5.0
_DELAY_MS = 1_000

_lock = threading.Lock()
_ready: _Export | None = None


class _Export:
    """A tracer, and what announces its spans."""

    def __init__(self, tracer: otel.Tracer, provider: TracerProvider | None) -> None:
        self.tracer = tracer
        self.provider = provider  # ours
        self.announcer = Announcer(tracer) if provider is not None else None


class _Ids(IdGenerator):
    """Ids as the code that starts a span wants them, else those of another generator."""

    def __init__(self, otherwise: IdGenerator) -> None:
        self._otherwise = otherwise

    def generate_trace_id(self) -> int:
        return FORCED.get()[0] or self._otherwise.generate_trace_id()

    def generate_span_id(self) -> int:
        return FORCED.get()[1] or self._otherwise.generate_span_id()


def export() -> _Export:
    """The tracer, made when the first span is."""
    global _ready  # noqa: PLW0603  # made once
    if _ready is None:
        with _lock:
            if _ready is None:
                _ready = _set_up()
    return _ready


def flush_all() -> None:
    """Send what waits."""
    ready = export()
    if ready.announcer is not None:
        ready.announcer.announce()
    if ready.provider is not None:
        ready.provider.force_flush()


def shut_down() -> None:
    """Send what waits and forget the tracer; the next span makes another."""
    global _ready
    with _lock:
        gone, _ready = _ready, None
    if gone is None:
        return
    if gone.announcer is not None:
        gone.announcer.stop()
    if gone.provider is not None:
        gone.provider.shutdown()


def _set_up() -> _Export:
    provider = otel.get_tracer_provider()
    if not isinstance(provider, otel.ProxyTracerProvider):
        return _Export(_with_ids(provider.get_tracer("ecoa", _version())), None)
    own = _own_provider()
    return _Export(own.get_tracer("ecoa", _version()), own)


def _with_ids(tracer: otel.Tracer) -> otel.Tracer:
    """The application's tracer, its ids ours where we say so. Other implementations than the SDK keep their ids."""
    generator = getattr(tracer, "id_generator", None)
    if isinstance(generator, IdGenerator):
        tracer.id_generator = _Ids(generator)  # type: ignore[attr-defined]  # of the SDK's tracer
    return tracer


def _own_provider() -> TracerProvider:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create(_resource()), id_generator=_Ids(RandomIdGenerator()))
    timeout = None if _set("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") else _TIMEOUT_S
    exporter = OTLPSpanExporter(headers=_headers(), timeout=timeout)
    delay = None if _set("OTEL_BSP_SCHEDULE_DELAY") else _DELAY_MS
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=delay))
    return provider


def _resource() -> dict[str, Any]:
    """A name for the service unless OpenTelemetry's variables give one."""
    if _set("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        return {}
    return {"service.name": Path(sys.argv[0]).stem or "ecoa"}


def _headers() -> dict[str, str] | None:
    key = os.environ.get("ECOA_API_KEY")
    if not key or _set("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"):
        return None
    return {"authorization": f"Bearer {key}"}


def _set(*names: str) -> bool:
    return any(os.environ.get(name) for name in names)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ecoa")
    except PackageNotFoundError:  # run from a checkout
        return ""
