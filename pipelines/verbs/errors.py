"""Why a verb refuses, beside what the engine itself refuses (ecoa.errors)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecoa.errors import EcoaError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Unstartable(EcoaError):
    """No code of this pipeline is known here, and no worker has it."""


class InputInvalid(EcoaError):
    """The input does not fit the pipeline's schema."""

    def __init__(self, message: str | None = None, /, *, problems: tuple[Mapping[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems  # {"path": "items/0/sku", "message": "…"}
