"""OTLP over gRPC: the same intake as HTTP. Messages pass as bytes; the key is checked before one is read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
import grpc.aio
from grpc.aio import EOF  # type: ignore[attr-defined]  # its stubs lack it

from traces.inbox.batch import Signal
from traces.receiver.answers import Encoding, accepted_body, retry_trailers
from traces.receiver.budget import Share
from traces.receiver.check import Arrived
from traces.receiver.intake import Intake
from traces.receiver.refusal import Refusal, bad_request, internal, unavailable

log = logging.getLogger(__name__)

METHODS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": Signal.TRACES,
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": Signal.LOGS,
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": Signal.METRICS,
}
CODES = {code.value[0]: code for code in grpc.StatusCode}
READERS = 2  # messages that are read at once: how large one is gRPC says only when it is there, and then twice
READ_S = 15.0

type Context = grpc.aio.ServicerContext[bytes, bytes]


class Services(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs only
    """The Export methods of the three signals."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._readers = asyncio.Semaphore(READERS)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        signal = METHODS.get(handler_call_details.method)
        if signal is None:
            return None
        # Export is unary. Taken as a stream of one message, its handler starts at the headers, before the message.
        return grpc.stream_unary_rpc_method_handler(partial(self._export, signal))

    async def _export(self, signal: Signal, _messages: AsyncIterator[bytes], context: Context) -> bytes:
        try:
            return await self._accepted(signal, context)
        except Refusal as error:
            refusal = error.with_traceback(None)
            refusal.__cause__ = refusal.__context__ = None
        except Exception:
            log.exception("receiver_failed", extra={"signal": signal.name})
            refusal = internal()
        # Not in the except block, and without the traceback: their frames hold the body, and the error that ends the
        # call outlives it until the garbage collector runs.
        await context.abort(CODES[int(refusal.code)], refusal.message, retry_trailers(refusal))
        raise AssertionError("abort always raises")

    async def _accepted(self, signal: Signal, context: Context) -> bytes:
        headers = {_bytes(name): _bytes(value) for name, value in context.invocation_metadata() or ()}
        key = await self._intake.admit(headers)
        with Share(self._intake.budget) as share:
            body = await self._message(context, share)
            arrived = Arrived(signal=signal, encoding=Encoding.PROTOBUF, content_encoding="", body=body)
            del body
            accepted = await self._intake.take(arrived, key, share)
        return accepted_body(accepted, Encoding.PROTOBUF)

    async def _message(self, context: Context, share: Share) -> bytes:
        """The message, read from the context: the iterator of messages would hold on to it after the call."""
        try:
            async with self._readers, asyncio.timeout(READ_S):
                await share.wait_for(self._intake.limits.body_bytes)
                message = await context.read()
        except TimeoutError:
            raise unavailable("the message could not be read in time") from None
        if message is EOF:
            raise bad_request("a request message is needed")
        share.keep(len(message))
        return message


def grpc_server(intake: Intake) -> grpc.aio.Server:
    """A server for the running event loop, without a port yet."""
    options = [
        ("grpc.max_receive_message_length", intake.limits.body_bytes),
        ("grpc.so_reuseport", 0),  # a second receiver on the port must fail, not share it
        ("grpc.max_concurrent_streams", 256),
        ("grpc.http2.bdp_probe", 0),  # its windows grow to megabytes a call, before anybody reads
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((Services(intake),))
    return server


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
