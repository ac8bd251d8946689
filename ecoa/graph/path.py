"""Names of node instances: "classify", "review#2", "fan[customer-17].extract", "loop@3.draft", "sub/check".

A path says where a node stands in the declared graph, never which turn it was: it stays the same over attempts,
workers and deploys. Characters that mean something in a path are percent-encoded in names and keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ecoa.codec import digest, dumps

UNDO = "undo:"
COMPENSATE = "$compensate"
LONGEST_KEY = 80

_SPECIAL = re.compile(r"[.\[\]@/#%:$\x00-\x1f\ud800-\udfff]")
SEGMENT = re.compile(r"(?P<name>[^.\[\]@/]+)(?:\[(?P<key>[^\]]*)\]|@(?P<round>\d+))?(?P<end>[./]|$)")


def escaped(name: str) -> str:
    """A name as it stands in a path."""
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", name)


def item_keys(items: Any) -> list[tuple[str, Any]]:
    """Items with stable keys: a mapping's keys, an item's own `key` or `id`, the item itself; else its position."""
    if isinstance(items, Mapping):
        return _distinct((_key_text(key), value) for key, value in items.items())
    return _distinct((_key_of(item, n), item) for n, item in enumerate(items))


def _key_of(item: Any, position: int) -> str:
    if isinstance(item, str | int):
        return _key_text(item)
    for name in ("key", "id"):
        own = item.get(name) if isinstance(item, Mapping) else getattr(item, name, None)
        if own is not None and not callable(own):
            return _key_text(own)
    return str(position)


def _key_text(key: Any) -> str:
    text = str(key) if isinstance(key, str | int) or hasattr(key, "hex") else dumps(key)
    return escaped(text) if 0 < len(text) <= LONGEST_KEY else digest(text)[:32]


def _distinct(keyed: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    seen: dict[str, int] = {}
    found = []
    for key, item in keyed:
        count = seen[key] = seen.get(key, 0) + 1
        found.append((key if count == 1 else f"{key}#{count}", item))
    return found
