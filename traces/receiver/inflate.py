"""Content encodings, inflated piece by piece: a bomb is stopped one piece past the limit."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator

import zstandard

from traces.receiver.budget import Share
from traces.receiver.refusal import bad_request, too_large, unsupported

PIECE = 256 * 1024
ZLIB_SLICE = 64 * 1024
ZSTD_SLICE = 512  # four bytes of zstd can be 128 kB, and its decompressor takes no limit on output
ZSTD_WINDOW = 8 * 1024 * 1024  # what RFC 8878 asks a decoder for
MAX_MEMBERS = 1_000
GZIP, ZLIB, RAW = 31, 15, -15  # zlib's window arguments


def inflate(body: bytes, encoding: str, *, limit: int, share: Share) -> bytes:
    """The body without its content encoding. Raises a refusal: unknown encoding, damaged, or over the limit."""
    if encoding in ("", "identity"):
        return body
    pieces = PIECES.get(encoding)
    if pieces is None:
        raise unsupported("this content encoding is not supported: use gzip, deflate, zstd or none")
    inflated = io.BytesIO()  # its value is the buffer itself: no second copy of a large body
    for piece in pieces(body):
        if inflated.tell() + len(piece) > limit:
            raise too_large(f"the request is over {limit} bytes after decompression")
        share.grow(len(piece))
        inflated.write(piece)
    return inflated.getvalue()


def _gzip(body: bytes) -> Iterator[bytes]:
    """All members, one after the other; zero bytes may lie between and after."""
    return _zlib(body, window=GZIP, members=MAX_MEMBERS)


def _deflate(body: bytes) -> Iterator[bytes]:
    """zlib (RFC 1950), as HTTP means it; without its two header bytes, raw deflate."""
    is_zlib = len(body) >= 2 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
    return _zlib(body, window=ZLIB if is_zlib else RAW, members=1)


def _zlib(body: bytes, *, window: int, members: int) -> Iterator[bytes]:
    stream = zlib.decompressobj(window)
    for rest in _slices(body, ZLIB_SLICE):
        while rest:
            if stream.eof:
                rest = rest.lstrip(b"\0")  # noqa: PLW2901
                members -= bool(rest)
                stream = _next_member(window, members) if rest else stream
            piece = _decompress(stream, rest)
            yield piece
            rest = stream.unused_data if stream.eof else stream.unconsumed_tail  # noqa: PLW2901
            while len(piece) == PIECE and not rest and not stream.eof:  # zlib holds more output than it gave
                piece = _decompress(stream, b"")
                yield piece
    if not stream.eof:
        raise bad_request("the compressed body is cut short")


def _next_member(window: int, members_left: int) -> zlib._Decompress:
    if members_left <= 0:
        raise bad_request("too many streams follow each other in the compressed body")
    return zlib.decompressobj(window)


def _decompress(stream: zlib._Decompress, rest: bytes) -> bytes:
    try:
        return stream.decompress(rest, PIECE)
    except zlib.error:
        raise bad_request("the compressed body is damaged") from None


def _zstd(body: bytes) -> Iterator[bytes]:
    """All frames, one after the other."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW)
    frame = None
    for rest in _slices(body, ZSTD_SLICE):
        while rest:
            frame = frame or decompressor.decompressobj()
            try:
                yield frame.decompress(rest)
            except zstandard.ZstdError:
                raise bad_request("the compressed body is damaged") from None
            rest = frame.unused_data  # noqa: PLW2901
            frame = None if frame.eof else frame
    if frame is not None or not body:
        raise bad_request("the compressed body is cut short")


def _slices(body: bytes, size: int) -> Iterator[bytes]:
    """The body in slices: what a decompressor leaves over it copies, so it must not be given much."""
    view = memoryview(body)
    return (bytes(view[start : start + size]) for start in range(0, len(view), size))


PIECES: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "zstd": _zstd,
}
