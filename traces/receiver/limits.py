"""What the receiver takes on before it says no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ecoa_web.config import Config

MIB = 1024 * 1024
IN_FLIGHT_BYTES = 144 * MIB  # with the process itself and what one check takes on top: under 512 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverLimits:
    """Bytes, spans and seconds. Answers over a limit name it."""

    body_bytes: int  # of one request, as sent and inflated
    in_flight_bytes: int  # of all requests that are not answered yet
    pending_spans: int  # that wait for workers; above it: 429
    free_disk_bytes: int  # of the data folder; below it: 503
    header_s: float = 10.0  # from a request's first byte to the end of its headers
    header_bytes: int = 64 * 1024
    body_s: float = 120.0  # for a whole body
    body_grace_s: float = 10.0  # before its rate is looked at
    body_rate: int = 4 * 1024  # bytes a second
    commit_s: float = 5.0  # then 503; an exporter gives up after 10
    connections: int = 2_000


def receiver_limits(config: Config) -> ReceiverLimits:
    """The limits that follow from the settings."""
    body = config.max_body_bytes
    return ReceiverLimits(
        body_bytes=body,
        in_flight_bytes=max(min(4 * body, IN_FLIGHT_BYTES), 2 * body + 16 * MIB),
        pending_spans=config.max_pending_spans,
        free_disk_bytes=config.min_free_disk_mb * MIB,
    )
