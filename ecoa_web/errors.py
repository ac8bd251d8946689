"""What an operator can mend."""

from __future__ import annotations


class OperatorError(Exception):
    """Something outside the program must change; its text is one sentence that says what. Shown without a traceback."""
