"""Cross-origin requests from browsers: refused by saying nothing, unless the origin is listed (ECOA_CORS_ORIGINS)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

type Headers = tuple[tuple[bytes, bytes], ...]

HEADER_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,2000}")
DEFAULT_HEADERS = b"authorization, content-encoding, content-type, x-api-key"
MAX_AGE_S = b"600"


class Cors:
    """Answers preflights and marks responses for listed origins, each by its exact name and without credentials."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origin.rstrip("/").encode() for origin in origins)

    def preflight(self, headers: Mapping[bytes, bytes]) -> Headers | None:
        """The headers of a 204, or None when this is no preflight of a listed origin."""
        response = self.response(headers)
        if not response or b"access-control-request-method" not in headers:
            return None
        asked = headers.get(b"access-control-request-headers", b"")
        allowed = asked if HEADER_NAMES.fullmatch(asked) else DEFAULT_HEADERS
        return (
            *response,
            (b"access-control-allow-methods", b"POST"),
            (b"access-control-allow-headers", allowed),
            (b"access-control-max-age", MAX_AGE_S),
        )

    def response(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What a response to this request carries."""
        origin = headers.get(b"origin")
        if origin is None or origin not in self._origins:
            return ()
        return ((b"access-control-allow-origin", origin), (b"vary", b"Origin"))
