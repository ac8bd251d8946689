"""The shop's last hour, lived in seconds: the same pipelines on virtual time, traced with the times that they had."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from ecoa.store import use
from ecoa.store.memory import MemoryStore
from ecoa.testing import virtual_time
from ecoa_web.demo.customers import Customers, staff
from ecoa_web.demo.pipelines import customer_message

HOUR = timedelta(hours=1)
LAST = timedelta(seconds=90)  # in which nobody writes, so that all ends before now


def live_through(random: Random, *, messages: int) -> None:
    """So many messages, spread over the hour before now."""
    provider = TracerProvider(resource=Resource.create(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=50_000))
    trace.set_tracer_provider(provider)
    with virtual_time(datetime.now(UTC) - HOUR) as clock:
        clock.run(an_hour(random, messages=messages))
    provider.shutdown()


async def an_hour(random: Random, *, messages: int) -> None:
    """Customers write, a colleague decides."""
    store, customers = MemoryStore(), Customers(random)
    span = (HOUR - LAST).total_seconds()
    with use(store):
        colleague = asyncio.create_task(staff(store, random, patience=40, leave=0))
        async with asyncio.TaskGroup() as runs:
            for at in sorted(random.uniform(0, span) for _ in range(messages)):
                runs.create_task(_message(customers, at))
        colleague.cancel()


async def _message(customers: Customers, at: float) -> None:
    await asyncio.sleep(at)
    handle = await customer_message.start(customers.message())
    await handle.result()
