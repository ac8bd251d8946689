"""Every malformed capture gets a right status and harms nothing after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.receiver.client import Client, protobuf
from tests.receiver.inbox import Inbox

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own

HERE = Path(__file__).parent / "malformed"
CAPTURES = sorted(path.name.removesuffix(".meta.json") for path in HERE.glob("*.meta.json"))


@pytest.mark.parametrize("name", CAPTURES)
def test_a_malformed_request_gets_a_right_status_and_harms_nothing(client: Client, inbox: Inbox, name: str) -> None:
    """Whatever arrives, its answer is one of the right ones, what may be stored is, and the next request is stored."""
    meta = json.loads((HERE / f"{name}.meta.json").read_text())
    headers = {key: value for key, value in meta["headers"] if key != "Content-Type"}
    content_type = dict(meta["headers"])["Content-Type"]

    answer = client.send((HERE / name).read_bytes(), content_type, path=meta["path"], headers=headers)
    stored = inbox.names()
    after = client.send(protobuf("healthy"))

    assert answer.status in meta["expect"], answer
    if meta["stored_span_names"] is not None:
        assert sorted(stored) == sorted(meta["stored_span_names"])
    assert answer.status == 200 or answer.message
    assert after.status == 200
    assert inbox.names()[len(stored) :] == ["healthy"]
