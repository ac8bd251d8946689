"""Another company's server: it does what it is told and counts for itself."""

from __future__ import annotations

from collections import Counter


class Remote:
    """Does things once for each key; without a key, each time it is told."""

    def __init__(self) -> None:
        self._done: Counter[str] = Counter()
        self._receipts: dict[tuple[str, str], str] = {}

    def do(self, effect: str, *, key: str | None = None) -> str:
        """Do it; the receipt. With a key that it knows nothing happens, and the receipt is the first one's."""
        known = self._receipts.get((effect, key)) if key is not None else None
        if known is not None:
            return known
        self._done[effect] += 1
        receipt = f"{effect}-{self._done[effect]}"
        if key is not None:
            self._receipts[effect, key] = receipt
        return receipt

    def times(self, effect: str) -> int:
        """How often it happened."""
        return self._done[effect]
