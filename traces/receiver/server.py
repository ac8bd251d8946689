"""The receiver process: OTLP over HTTP and over gRPC, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import uvicorn
import uvloop

from traces.receiver.app import ReceiverApp
from traces.receiver.grpc_services import grpc_server
from traces.receiver.limits import ReceiverLimits, receiver_limits
from traces.receiver.protocol import bounded_protocol

if TYPE_CHECKING:
    from ecoa_web.config import Config

log = logging.getLogger(__name__)

KEEP_ALIVE_S = 75  # exporters send every few seconds; closing sooner would race with them
GRACE_S = 8  # for requests that are under way when the process is told to stop
SWITCH_INTERVAL_S = 0.001  # how long a checking thread may keep the event loop waiting


def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT; then stop accepting, answer what is under way, and return."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    limits = receiver_limits(config)
    _allow_files(limits.connections + 200)
    uvloop.run(_serve(config, limits))


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process by the signal; here it ends by returning."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def http_server(app: ReceiverApp, *, host: str, port: int, limits: ReceiverLimits) -> HttpServer:
    """uvicorn with this app and its limits, not yet listening."""
    return HttpServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=bounded_protocol(limits),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=GRACE_S,
            backlog=1024,
        )
    )


async def _serve(config: Config, limits: ReceiverLimits) -> None:
    app = ReceiverApp(config, limits=limits)
    rpc = grpc_server(app.intake)
    http = http_server(app, host=config.bind, port=config.otlp_http_port, limits=limits)

    stopping: list[asyncio.Task[None]] = []

    def stop() -> None:
        http.should_exit = True
        stopping.append(loop.create_task(rpc.stop(GRACE_S)))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    rpc.add_insecure_port(_address(config.bind, config.otlp_grpc_port))
    await rpc.start()
    log.info("receiver_started", extra={"http": config.otlp_http_port, "grpc": config.otlp_grpc_port})
    try:
        await http.serve()  # returns once its last request is answered
    finally:
        await rpc.stop(GRACE_S)
        await app.close()
    log.info("receiver_stopped")


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _allow_files(wanted: int) -> None:
    """Raise the process's own limit of open files; what the system does not allow, it does without."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
