"""Logs: one line an event on standard error, its fields as key=value; Django's and libraries' included."""

from __future__ import annotations

import logging
import sys

import structlog

SHARED: list[structlog.typing.Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
]
# A file watcher of the reload server and Twisted's access log say nothing an operator needs.
QUIET = ("asyncio", "autobahn", "daphne", "twisted", "django.utils.autoreload")


def configure_logs(level: str) -> None:
    """Send everything from `level` up to standard error."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _split_exception, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level.upper())
    for name in ("django", "django.server"):  # Django's own handlers print 5xx errors only in debug mode
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.root.level))


def _split_exception(
    _logger: structlog.typing.WrappedLogger, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Keep the line one line: of a traceback, its last place and what was raised."""
    if isinstance(trace := event.pop("exception", None), str):
        lines = [line.strip() for line in trace.strip().splitlines()]
        places = [line for line in lines if line.startswith("File ")]
        event["error"] = lines[-1]
        event["at"] = places[-1].removeprefix("File ").replace('"', "") if places else ""
    return event
