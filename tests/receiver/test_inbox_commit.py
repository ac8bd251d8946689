"""Group commit: one COPY for many requests, each body once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ecoa_web.db.partitions import partition_name
from tests.receiver.client import protobuf
from tests.receiver.inbox import Inbox
from traces.inbox.batch import Batch, Signal, body_digest, compressed
from traces.inbox.commit import Committer, StoreUnavailable
from traces.inbox.ids import batch_id_ms, new_batch_id
from traces.inbox.writer import InboxWriter
from traces.span import Outcome

pytestmark = pytest.mark.django_db  # the test database; the inbox commits over connections of its own


def batch(name: str, *, rejected: int = 0) -> Batch:
    """A batch of one span."""
    body = protobuf(name)
    return Batch(
        project_id=1,
        key_id=7,
        signal=Signal.TRACES,
        digest=body_digest(1, Signal.TRACES, body),
        body=compressed(body),
        spans=1,
        rejected={"invalid_span_id": rejected} if rejected else {},
    )


@pytest.fixture
def writer(dsn: str) -> Iterator[InboxWriter]:
    """A connection to the inbox."""
    made = InboxWriter(dsn)
    yield made
    made.disconnect()


def test_identical_bodies_in_a_group_are_stored_once(writer: InboxWriter, inbox: Inbox) -> None:
    """The second is a duplicate, as it is in a later group."""
    one, other = batch("one"), batch("other", rejected=2)

    first = writer.write([one, other, one])
    second = writer.write([other])

    assert (first, second) == ([True, True, False], [False])
    assert sorted(inbox.names()) == ["one", "other"]
    assert inbox.ledger() == {
        (Outcome.RECEIVED, ""): 8,
        (Outcome.DUPLICATE, "body"): 2,
        (Outcome.REJECTED, "invalid_span_id"): 4,
    }


def test_a_missing_partition_is_made(writer: InboxWriter, inbox: Inbox) -> None:
    """The day may change while the connection lasts."""
    writer.write([batch("before")])
    today = partition_name("traces_inbox_batch", datetime.now(UTC).date())
    inbox.database.execute(f"DROP TABLE {today}")

    writer.write([batch("after")])

    assert inbox.names() == ["after"]


def test_the_backlog_counts_waiting_spans(writer: InboxWriter, inbox: Inbox) -> None:
    """What the queue holds."""
    writer.write([batch("a"), batch("b")])

    assert writer.backlog() == inbox.queued() == 2


async def test_concurrent_requests_share_commits(dsn: str, inbox: Inbox) -> None:
    """A hundred at once take a few transactions, and each one's future resolves after its commit."""
    committer = Committer(dsn)

    new = await asyncio.gather(*(committer.submit(batch(f"span {number}")) for number in range(100)))
    row = inbox.database.execute("SELECT count(*), count(DISTINCT xmin::text) FROM traces_inbox_batch").fetchone()
    await asyncio.to_thread(committer.close)

    assert new == [True] * 100
    assert row is not None
    assert row[0] == 100
    assert row[1] < 20


async def test_a_closed_committer_takes_nothing(dsn: str, inbox: Inbox) -> None:
    """What was submitted before is stored; what comes after is refused, so that it is sent elsewhere."""
    committer = Committer(dsn)
    before = committer.submit(batch("before"))
    await asyncio.to_thread(committer.close)

    with pytest.raises(StoreUnavailable):
        await committer.submit(batch("after"))

    assert await before
    assert inbox.names() == ["before"]


def test_batch_ids_sort_by_time_and_fit_a_bigint() -> None:
    """Milliseconds first, then random bits."""
    at_ms = int(datetime(2038, 12, 31, tzinfo=UTC).timestamp() * 1000)

    ids = [new_batch_id(at_ms + later) for later in range(100)]

    assert ids == sorted(ids)
    assert max(ids) < 2**63
    assert batch_id_ms(ids[0]) == at_ms
