"""What the engine refuses, as answers of the API: 404, 409, 410 and 422 with their facts."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework.exceptions import APIException

from ecoa.errors import (
    EcoaError,
    EditInvalid,
    IdempotencyConflict,
    Misuse,
    NotFound,
    PipelineChanged,
    ResultNotSerializable,
    ReviewConflict,
    ReviewExpired,
    StoreUnavailable,
)
from ecoa_web.api_errors import Unavailable
from pipelines.api.forms import when
from pipelines.verbs.errors import InputInvalid, Unstartable

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFLICT = (409, "run_conflict")  # the run, as it is, refuses: the message says why
CODES: dict[type[EcoaError], tuple[int, str]] = {
    ReviewConflict: (409, "review_conflict"),
    PipelineChanged: (409, "pipeline_changed"),
    Unstartable: (409, "unstartable"),
    ReviewExpired: (410, "review_expired"),
    EditInvalid: (422, "invalid_edit"),
    InputInvalid: (422, "invalid_input"),
    ResultNotSerializable: (422, "invalid_value"),
    IdempotencyConflict: (422, "idempotency_conflict"),
    Misuse: (422, "misuse"),
}


class Refused(APIException):
    """An answer that the engine gave, with its code and what it knows."""

    def __init__(self, error: EcoaError) -> None:
        self.status_code, code = CODES.get(type(error), CONFLICT)
        super().__init__(error.message, code=code)
        self.facts = _facts(error)


@contextmanager
def told() -> Iterator[None]:
    """Turn what the engine refuses into the API's answers."""
    try:
        yield
    except NotFound as error:
        raise Http404(error.message) from error
    except StoreUnavailable as error:
        raise Unavailable from error
    except EcoaError as error:
        raise Refused(error) from error


def _facts(error: EcoaError) -> dict[str, Any]:  # JSON
    match error:
        case ReviewConflict(decided=decided) if decided:
            return {"decided": {**decided, "at": when(decided.get("at"))}}
        case EditInvalid(problems=problems) | InputInvalid(problems=problems):
            return {"problems": list(problems)}
        case _:
            return {}
