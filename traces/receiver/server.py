"""The receiver process: OTLP over HTTP and over gRPC, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
import socket
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
BACKLOG = 1024
GRACE_S = 8  # for requests that are under way when the process is told to stop
SWITCH_INTERVAL_S = 0.001  # how long a checking thread may keep the event loop waiting


def serve(config: Config) -> None:
    """Run until SIGTERM or SIGINT; then stop accepting, answer what is under way, and return."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    limits = receiver_limits(config)
    _allow_files(limits.connections + 200)
    uvloop.run(_serve(config, limits))


class Receiver:
    """Both listeners on the running event loop. Port 0 picks a free one."""

    def __init__(self, config: Config, limits: ReceiverLimits) -> None:
        self._app = ReceiverApp(config, limits=limits)
        self._host = config.bind
        self._http = _http_server(self._app, limits)
        self._http_done: asyncio.Task[None] | None = None
        self._rpc = grpc_server(self._app.intake)
        self.http_port = config.otlp_http_port
        self.grpc_port = config.otlp_grpc_port

    async def start(self) -> None:
        """Listen; raises OSError or RuntimeError when a port is taken."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self.http_port), family=family, backlog=BACKLOG)
        self.http_port = listener.getsockname()[1]
        address = f"[{self._host}]" if ":" in self._host else self._host
        self.grpc_port = self._rpc.add_insecure_port(f"{address}:{self.grpc_port}")
        await self._rpc.start()
        self._http_done = asyncio.create_task(self._http.serve(sockets=[listener]))
        log.info("receiver_started", extra={"http": self.http_port, "grpc": self.grpc_port})

    async def stop(self) -> None:
        """Accept nothing more, answer what is under way, commit it, let go."""
        self._http.should_exit = True
        await self._rpc.stop(GRACE_S)
        if self._http_done is not None:
            await self._http_done
        await self._app.close()
        log.info("receiver_stopped")


class HttpServer(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process by the signal; here it ends by returning."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _http_server(app: ReceiverApp, limits: ReceiverLimits) -> HttpServer:
    return HttpServer(
        uvicorn.Config(
            app,
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
            backlog=BACKLOG,
        )
    )


async def _serve(config: Config, limits: ReceiverLimits) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    receiver = Receiver(config, limits)
    await receiver.start()
    await told.wait()
    await receiver.stop()


def _allow_files(wanted: int) -> None:
    """Raise the process's own limit of open files; what the system does not allow, it does without."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
