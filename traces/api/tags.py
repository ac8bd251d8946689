"""Answers about one trace that need not be sent again while it does not change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.cache import get_conditional_response

from traces.api.asked import found
from traces.queries.traces import trace_summary

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from traces.queries.traces import TraceRow


def unchanged_since(request: Request, project_id: int, trace_id: str) -> HttpResponseBase | None:
    """A 404 for no trace, a 304 for one that the caller has; None when there is something to send."""
    if "If-None-Match" not in request.headers:
        return None
    summary = found(trace_summary(project_id, trace_id), "trace")
    return get_conditional_response(request, etag=_etag(summary))


def tagged(response: HttpResponse, summary: TraceRow) -> HttpResponse:
    """The response, to be asked for anew only when the trace has changed."""
    response["ETag"] = _etag(summary)
    response["Cache-Control"] = "private, no-cache"
    return response


def _etag(summary: TraceRow) -> str:
    """Weak, and with the status: a trace stops running by the clock alone."""
    return f'W/"{summary.seq}-{summary.status}"'
