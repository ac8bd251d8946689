"""The filter language: text → tree → SQL with bound parameters.

`parse("status:error duration>3s")` gives a Filter, or None when the text is blank; a wrong text raises FilterError.
"""

from __future__ import annotations

from traces.filters.parse import parse
from traces.filters.tree import Filter, FilterError

__all__ = ["Filter", "FilterError", "parse"]
