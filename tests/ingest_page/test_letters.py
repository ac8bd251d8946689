"""What could not be stored is tried again exactly once, or discarded, and somebody did it."""

from __future__ import annotations

import threading

import psycopg
import pytest
from django.test import Client

from ecoa_web.accounts.models import AuditEntry
from tests.ingest_page.conftest import Plant
from tests.ingest_page.test_ledger import told
from tests.store.spans import Sent
from traces.queries.arrivals import Account
from traces.store.letters import retry

PAGE = "/p/shop/settings/ingest/"


@pytest.fixture
def refused(plant: Plant) -> Plant:
    """Two batches with a poisonous span each; what was wrong with them is mended."""
    plant.poison(on=True)
    for trace in (1, 2):
        spans = (Sent(id=1, trace=trace), Sent(id=2, trace=trace, parent=1, name="poison"))
        plant.receive(*spans, Sent(id=3, trace=trace, parent=1))
    plant.work()
    plant.poison(on=False)
    assert told(plant).whole == Account(received=6, stored=4, dead=2)
    return plant


def letter_ids(plant: Plant) -> list[int]:
    return [row[0] for row in plant.rows("SELECT id FROM traces_dead_letter ORDER BY id")]


def test_a_letter_is_tried_again_and_its_batch_mates_count_once(refused: Plant, editor: Client) -> None:
    """The span is stored, the ledger adds up before, meanwhile and after, and the audit log knows who asked."""
    first = letter_ids(refused)[0]

    editor.post(f"{PAGE}letters/{first}/retry/")
    meanwhile = told(refused)
    refused.work()

    assert (meanwhile.whole.missing, meanwhile.whole.pending) == (0, 3)
    assert told(refused).whole == Account(received=6, stored=5, dead=1)
    assert told(refused).services["shop"] == told(refused).whole.__class__(stored=5, dead=1)
    assert refused.one("SELECT count(*) FROM traces_span") == 5
    assert len(letter_ids(refused)) == 1
    [entry] = AuditEntry.objects.exclude(project=None)
    assert (entry.action, entry.actor_label, entry.detail) == (
        "retried dead letters",
        "editor@example.com",
        {"letters": 1},
    )


def test_all_letters_are_tried_again(refused: Plant, editor: Client) -> None:
    """Every span gets its place, each once."""
    editor.post(f"{PAGE}letters/retry/")
    refused.work()

    assert told(refused).whole == Account(received=6, stored=6)
    assert refused.rows("SELECT DISTINCT span_count FROM traces_trace") == [(3,)]
    assert letter_ids(refused) == []


def test_who_retries_at_the_same_time_retries_once(refused: Plant) -> None:
    """Of several who ask at once, each letter is taken by one; nothing is counted twice."""
    taken: list[int] = []
    barrier = threading.Barrier(4)

    def ask() -> None:
        with psycopg.connect(refused.house.dsn, autocommit=True) as conn:
            barrier.wait()
            taken.append(retry(conn, refused.project.pk))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waiting = refused.one("SELECT count(*) FROM traces_inbox_queue")
    refused.work()

    assert (sum(taken), waiting) == (2, 2)
    assert told(refused).whole == Account(received=6, stored=6)


def test_a_letter_that_fails_again_comes_back(refused: Plant, editor: Client) -> None:
    """As long as the cause is there, trying again changes nothing."""
    refused.poison(on=False)
    refused.house.conn.execute("DELETE FROM traces_span WHERE name = 'poison'")
    refused.poison(on=True)

    editor.post(f"{PAGE}letters/retry/")
    refused.work()

    assert told(refused).whole == Account(received=6, stored=4, dead=2)
    assert len(letter_ids(refused)) == 2


def test_a_body_that_cannot_be_read_is_tried_whole(plant: Plant, editor: Client) -> None:
    """A dead batch waits as a batch, and dies again as one."""
    plant.receive_body(b"\xff no protobuf", 4)
    plant.work()

    editor.post(f"{PAGE}letters/retry/")
    waiting = told(plant).whole
    plant.work()

    assert waiting == Account(received=4, pending=4)
    assert told(plant).whole == Account(received=4, dead=4)


def test_a_letter_is_discarded_after_asking(refused: Plant, editor: Client) -> None:
    """Asking changes nothing; then the letter is gone, its span stays counted as dead, and the log says who did it."""
    first = letter_ids(refused)[0]
    place = f"{PAGE}letters/{first}/discard/"

    asked = editor.get(place)
    before = len(letter_ids(refused))
    editor.post(place)

    assert (asked.status_code, before) == (200, 2)
    assert first not in letter_ids(refused)
    assert told(refused).whole == Account(received=6, stored=4, dead=2)
    assert AuditEntry.objects.exclude(project=None).get().action == "discarded dead letters"


def test_a_letter_shows_its_span_safely(plant: Plant, viewer: Client) -> None:
    """What a span holds is shown as text, whatever it holds."""
    plant.poison(on=True)
    plant.receive(
        Sent(id=1), Sent(id=2, parent=1, name="poison", attributes={"a": "<script>alert(1)</script>", "b": "x" * 9_000})
    )
    plant.work()

    page = viewer.get(f"{PAGE}letters/{letter_ids(plant)[0]}/").content.decode()

    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert "x" * 500 not in page


def test_letters_come_in_pages(plant: Plant, viewer: Client) -> None:
    """Older ones follow by their place, none twice and none left out."""
    for _ in range(45):
        plant.receive_body(b"\xff", 1)
    plant.work()

    seen: list[int] = []
    before = ""
    for _ in range(3):
        found = viewer.get(PAGE, {"before": before} if before else {}).context
        seen += [row.id for row in found["letters"]]
        before = str(found["older_letters"])

    assert before == "None"
    assert seen == sorted(letter_ids(plant), reverse=True)
