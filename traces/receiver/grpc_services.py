"""OTLP over gRPC: the same intake as HTTP. Messages pass as bytes; the key is checked before one is read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import grpc
import grpc.aio

from traces.inbox.batch import Signal
from traces.receiver.answers import Encoding, accepted_body, retry_trailers
from traces.receiver.budget import Share
from traces.receiver.check import Arrived
from traces.receiver.intake import Intake
from traces.receiver.refusal import Refusal, bad_request, internal, too_slow

log = logging.getLogger(__name__)

METHODS = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export": Signal.TRACES,
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export": Signal.LOGS,
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": Signal.METRICS,
}
CODES = {code.value[0]: code for code in grpc.StatusCode}
READERS = 4  # messages that are read at once: gRPC does not say how large one is before it is there
READ_S = 30.0

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

    async def _export(self, signal: Signal, messages: AsyncIterator[bytes], context: Context) -> bytes:
        try:
            return await self._accepted(signal, messages, context)
        except Refusal as refusal:
            await _abort(context, refusal)
        except Exception:
            log.exception("receiver_failed", extra={"signal": signal.name})
            await _abort(context, internal())
        raise AssertionError("abort always raises")

    async def _accepted(self, signal: Signal, messages: AsyncIterator[bytes], context: Context) -> bytes:
        headers = {_bytes(name): _bytes(value) for name, value in context.invocation_metadata() or ()}
        key = await self._intake.admit(headers)
        with Share(self._intake.budget) as share:
            body = await self._message(messages, share)
            arrived = Arrived(signal=signal, encoding=Encoding.PROTOBUF, content_encoding="", body=body)
            del body
            accepted = await self._intake.take(arrived, key, share)
        return accepted_body(accepted, Encoding.PROTOBUF)

    async def _message(self, messages: AsyncIterator[bytes], share: Share) -> bytes:
        try:
            async with self._readers, asyncio.timeout(READ_S):
                message = await anext(messages, None)
                if message is not None:
                    share.grow(len(message))
        except TimeoutError:
            raise too_slow() from None
        if message is None:
            raise bad_request("a request message is needed")
        return message


def grpc_server(intake: Intake) -> grpc.aio.Server:
    """A server for the running event loop, without a port yet."""
    options = [
        ("grpc.max_receive_message_length", intake.limits.body_bytes),
        ("grpc.so_reuseport", 0),  # a second receiver on the port must fail, not share it
        ("grpc.max_concurrent_streams", 256),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers((Services(intake),))
    return server


async def _abort(context: Context, refusal: Refusal) -> None:
    trailers = retry_trailers(refusal)
    await context.abort(CODES[int(refusal.code)], refusal.message, trailers)


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
