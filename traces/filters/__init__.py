"""The filter language: text → tree → SQL with bound parameters.

`parse("status:error duration>3s")` gives a Filter, or None when the text is blank; a wrong text raises FilterError.
`of_traces` and `of_rollups` say what a Filter means of a trace and of a rollup, as a Condition.
"""

from __future__ import annotations

from traces.filters.condition import Condition
from traces.filters.of_rollups import of_rollups
from traces.filters.of_traces import of_traces
from traces.filters.parse import parse
from traces.filters.tree import Filter, FilterError

__all__ = ["Condition", "Filter", "FilterError", "of_rollups", "of_traces", "parse"]
