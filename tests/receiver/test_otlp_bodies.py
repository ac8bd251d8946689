"""Compressed and large bodies: what is inflated, where it stops, and what is said then."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import zstandard

from ecoa_web.config import Config
from tests.receiver.client import JSON, PROTOBUF, Client, json_request, json_span, protobuf, raw, request_of
from tests.receiver.conftest import running
from tests.receiver.inbox import Inbox
from traces.receiver.server import Receiver

pytestmark = pytest.mark.django_db  # the test database; the receiver commits over connections of its own

LIMIT = 100_000


def raw_deflate(body: bytes) -> bytes:
    """Deflate without zlib's frame."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


def in_two_members(body: bytes) -> bytes:
    """Two gzip members that together are the body."""
    return gzip.compress(body[:10]) + gzip.compress(body[10:])


def zstd_without_size(body: bytes) -> bytes:
    """A zstd frame that does not say how long its content is."""
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return bytes(stream.compress(body) + stream.flush())


COMPRESSIONS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "GZIP": ("GZIP", gzip.compress),
    "gzip in two members": ("gzip", in_two_members),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "zstd without size": ("zstd", zstd_without_size),
    "identity": ("identity", bytes),
    "empty": ("", bytes),
}


@pytest.fixture(scope="module")
def small(config: Config) -> Iterator[Receiver]:
    """A receiver that takes 100,000 bytes."""
    with running(replace(config, max_body_bytes=LIMIT)) as started:
        yield started


@pytest.fixture
def narrow(small: Receiver, key: str) -> Iterator[Client]:
    """A client of that receiver."""
    with Client(small.http_port, {"Authorization": f"Bearer {key}"}) as made:
        yield made


@pytest.mark.parametrize("name", COMPRESSIONS)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_bodies_may_be_compressed(client: Client, inbox: Inbox, name: str, content_type: str) -> None:
    """gzip, deflate with and without its frame, zstd, or none, in any case of the name."""
    encoding, compress = COMPRESSIONS[name]
    body = protobuf("chat") if content_type == PROTOBUF else json_request(json_span("chat")).encode()

    answer = client.send(compress(body), content_type, headers={"Content-Encoding": encoding})

    assert answer.status == 200, answer.message
    assert inbox.names() == ["chat"]


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "snappy", "x"])
def test_unknown_encodings_are_415(client: Client, encoding: str) -> None:
    """Among them an encoding laid over an encoding."""
    answer = client.send(protobuf("chat"), headers={"Content-Encoding": encoding})

    assert answer.status == 415
    assert "gzip" in answer.message


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("damage", ["plain", "cut", "empty", "tail"])
def test_damaged_compression_is_400(client: Client, inbox: Inbox, encoding: str, damage: str) -> None:
    """Not compressed at all, cut short, nothing, or followed by rubbish."""
    whole = COMPRESSIONS[encoding][1](protobuf(*["chat"] * 50))
    body = {"plain": b"plain text", "cut": whole[:-5], "empty": b"", "tail": whole + b"rubbish"}[damage]

    answer = client.send(body, headers={"Content-Encoding": encoding})

    assert answer.status == 400
    assert inbox.queued() == 0


def padded(size: int) -> bytes:
    """A request of one span that is exactly so many bytes long."""
    request = request_of("chat")
    state = request.resource_spans[0].scope_spans[0].spans[0]
    state.trace_state = "x" * (size - len(request.SerializeToString()) - 20)
    missing = size - len(request.SerializeToString())
    state.trace_state += "x" * missing
    assert request.ByteSize() == size
    return request.SerializeToString()


@pytest.mark.parametrize("encoding", ["identity", "gzip", "deflate", "zstd"])
def test_the_limit_itself_is_accepted_and_one_byte_more_is_413(narrow: Client, inbox: Inbox, encoding: str) -> None:
    """As sent and after decompression; the answer names the limit."""
    compress = COMPRESSIONS[encoding][1]
    headers = {"Content-Encoding": encoding}

    fits = narrow.send(compress(padded(LIMIT)), headers=headers)
    over = narrow.send(compress(padded(LIMIT + 1)), headers=headers)

    assert (fits.status, over.status) == (200, 413)
    assert str(LIMIT) in over.message
    assert inbox.names() == ["chat"]


def test_a_json_body_over_the_limit_is_413_in_json(narrow: Client) -> None:
    """The Status is JSON."""
    answer = narrow.send(json.dumps({"x": "y" * LIMIT}), JSON)

    assert (answer.status, answer.headers["content-type"]) == (413, JSON)


def test_a_chunked_body_over_the_limit_is_413(small: Receiver, key: str) -> None:
    """Nothing announced its length; reading stops at the limit."""
    head = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n" % key.encode()
    types = b"Content-Type: application/x-protobuf\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = b"".join(b"%x\r\n%s\r\n" % (20_000, b"x" * 20_000) for _ in range(6))

    answer = raw(small.http_port, head + types + chunks + b"0\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_bomb_is_413_and_the_connection_goes_on(narrow: Client, encoding: str) -> None:
    """A thousandfold body stops at the limit."""
    bomb = COMPRESSIONS[encoding][1](bytes(50_000_000))

    assert narrow.send(bomb, headers={"Content-Encoding": encoding}).status == 413
    assert narrow.send(protobuf("chat")).status == 200


def test_empty_gzip_members_without_end_are_400(client: Client) -> None:
    """They inflate to nothing and would cost time for ever."""
    assert client.send(gzip.compress(b"") * 5_000, headers={"Content-Encoding": "gzip"}).status == 400
