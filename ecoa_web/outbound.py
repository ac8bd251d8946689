"""The one way out: HTTP requests to addresses that people configured.

The host is resolved once and every address checked: loopback, private, link-local and other special ones are refused
unless the operator allowed them. The request goes to the address that was checked, so that a second answer of the name
server changes nothing. No redirect is followed and no proxy of the environment used.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
MOST_ANSWER = 2_000  # bytes that are read of one


class Refused(Exception):
    """This address must not be called."""


class Unreachable(Exception):
    """Nobody answered in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    text: str  # its beginning
    retry_after: float | None  # seconds


def post_json(url: str, body: Mapping[str, object]) -> Answer:
    """POST a JSON object; raises Refused or Unreachable."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Refused("a webhook's address begins with https://")
    address = _checked_address(parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
    pinned = httpx.URL(url).copy_with(host=address)
    request = httpx.Request(
        "POST",
        pinned,
        json=body,
        headers={"Host": parts.netloc.rpartition("@")[2], "User-Agent": "ECOA"},
        extensions={"sni_hostname": parts.hostname, "timeout": TIMEOUT.as_dict()},
    )
    try:
        with httpx.Client(trust_env=False, follow_redirects=False) as client:
            response = client.send(request, stream=True)
            try:
                text = next(response.iter_bytes(MOST_ANSWER), b"").decode("utf-8", "replace")
            finally:
                response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(type(error).__name__) from error
    return Answer(status=response.status_code, text=text, retry_after=_seconds(response.headers.get("Retry-After")))


def _checked_address(host: str, port: int) -> str:
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise Unreachable(f"{host} has no address") from error
    private = [address for address in found if not ipaddress.ip_address(address.partition("%")[0]).is_global]
    if private and not settings.CONFIG.allow_private_webhooks:
        raise Refused(f"{host} is a private address (ECOA_ALLOW_PRIVATE_WEBHOOKS)")
    return min(found, key=lambda address: (":" in address, address))


def _seconds(text: str | None) -> float | None:
    return min(float(text), 3600.0) if text and text.isdigit() else None
