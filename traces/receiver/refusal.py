"""Why a request is not taken, in the words of HTTP and of gRPC."""

from __future__ import annotations

from enum import IntEnum

RETRY_AFTER_S = 2  # the Python exporter gives up at once when it is asked to wait past its 10 s
BASIC_CHALLENGE = 'Bearer realm="ecoa", Basic realm="ecoa"'


class Code(IntEnum):
    """google.rpc.Code, those the receiver uses."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


class Refusal(Exception):
    """A request that is answered with an error. The message is for the sender's developer."""

    def __init__(
        self,
        status: int,
        code: Code,
        message: str,
        *,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers
        self.retry_after_s = retry_after_s


def bad_request(message: str) -> Refusal:
    """The request cannot be understood; sending it again would not help."""
    return Refusal(400, Code.INVALID_ARGUMENT, message)


def unauthenticated() -> Refusal:
    """No key, or one that is not valid."""
    return Refusal(
        401,
        Code.UNAUTHENTICATED,
        "an API key is needed: send it as `Authorization: Bearer KEY` or `x-api-key: KEY`",
        headers=((b"www-authenticate", BASIC_CHALLENGE.encode()),),
    )


def scope_missing() -> Refusal:
    """A valid key that may not send spans."""
    return Refusal(403, Code.PERMISSION_DENIED, "this API key lacks the scope `ingest`")


def not_found() -> Refusal:
    """No such path."""
    return Refusal(404, Code.NOT_FOUND, "there is nothing here; OTLP goes to /v1/traces, /v1/logs and /v1/metrics")


def method_not_allowed() -> Refusal:
    """Anything but POST."""
    return Refusal(405, Code.UNIMPLEMENTED, "OTLP is sent with POST", headers=((b"allow", b"POST"),))


def too_slow() -> Refusal:
    """A body that trickles."""
    return Refusal(408, Code.DEADLINE_EXCEEDED, "the request body arrived too slowly")


def too_large(message: str) -> Refusal:
    """Over a limit of size; the message names it. Not to be retried."""
    return Refusal(413, Code.RESOURCE_EXHAUSTED, message)


def unsupported(message: str) -> Refusal:
    """A content type or encoding that is not spoken here."""
    return Refusal(415, Code.INVALID_ARGUMENT, message)


def throttled(message: str) -> Refusal:
    """More has arrived than the workers have stored; come back."""
    return Refusal(429, Code.UNAVAILABLE, message, retry_after_s=RETRY_AFTER_S)


def unavailable(message: str) -> Refusal:
    """Not now; come back."""
    return Refusal(503, Code.UNAVAILABLE, message, retry_after_s=RETRY_AFTER_S)


def internal() -> Refusal:
    """A fault of ours; the log has it."""
    return Refusal(500, Code.INTERNAL, "internal error")
