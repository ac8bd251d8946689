"""Which Host headers are answered: a page of a foreign site must not reach a receiver on loopback by rebinding DNS."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ecoa_web.config import Config

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PRIVATE_SUFFIXES = (".localhost", ".local", ".internal")


class Hosts:
    """The names this process answers to. Bound to more than loopback, also any address and any name that no public
    DNS can hold: a single label (a container, a Kubernetes service) or one in a private zone."""

    def __init__(self, config: Config) -> None:
        self._names = LOOPBACK | {urlsplit(config.base_url).hostname or "localhost"}
        self._only_loopback = config.bind in LOOPBACK
        self._known: dict[bytes, bool] = {}

    def allows(self, header: bytes) -> bool:
        """Whether a request with this Host header is answered."""
        known = self._known.get(header)
        if known is None:
            if len(self._known) > 1_000:
                self._known.clear()
            known = self._known[header] = self._allows_name(host_name(header))
        return known

    def _allows_name(self, name: str | None) -> bool:
        if not name:
            return False
        if name in self._names or name.endswith(".localhost"):
            return True
        return not self._only_loopback and ("." not in name or name.endswith(PRIVATE_SUFFIXES) or _is_address(name))


def host_name(header: bytes) -> str | None:
    """The host without its port, lower-case; None when the header is not a host."""
    try:
        return urlsplit("//" + header.decode("ascii")).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
