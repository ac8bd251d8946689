"""What whoever writes a signature and whoever asks it must agree on."""

from __future__ import annotations

COLUMNS = 64
LONGEST_WORD = 16_384  # bytes; a question is shorter

# Of each level: rows a gram, and bits a column for each of its different grams. A word that is not there is taken for
# there in 0.6 % of columns, a pair in 15 %, a longer gram in 21 %: the longer, the more of them a phrase has.
PROBES = (4, 3, 2, 2, 2)
BITS = (12.0, 4.0, 3.25, 3.25, 3.25)
LEVELS = len(PROBES)


def frequent(columns: int) -> int:
    """In so many columns a gram tells little, and longer ones are worth their bits."""
    return columns // 2 + 1
