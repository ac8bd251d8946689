"""Words: runs of letters and digits, whatever their case. All else between them, punctuation included, is ignored.

A sign of a script that is written without spaces is a word by itself, and so is an emoji: `退款` is a phrase of two.
"""

from __future__ import annotations

import re
from unicodedata import normalize

_SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese and Japanese
    "\u2600-\u27bf\U0001f000-\U0001faff"  # emoji
)
_WORD = re.compile(f"[{_SINGLE}]|[^\\W_{_SINGLE}]+")
# Small letters, not case folding: so that an ASCII word stems from ASCII letters, and bytes as they were sent tell that
# a word is not in them (traces.search.phrase). Two signs would be exceptions: I with a dot, and Kelvin.
_NEVER_ASCII = {0x130: "\u0131", 0x212A: " "}
_LOWERED = bytes(c if chr(c).isalnum() and c < 128 else 0x20 for c in (*range(65), *range(97, 123), *range(91, 256)))
"""Every ASCII letter as a small one, digits as they are, a space for all else."""


def words(text: str) -> bytes:
    """The words of a text, folded, in UTF-8, a space between each two."""
    if text.isascii():
        return b" ".join(text.encode().translate(_LOWERED).split())
    folded = normalize("NFC", text.translate(_NEVER_ASCII).lower())
    return " ".join(_WORD.findall(folded)).encode("utf-8", "replace")


def spaced(text: str) -> bytes:
    """The same, with any number of spaces between words: half the work."""
    return text.encode().translate(_LOWERED) if text.isascii() else words(text)
