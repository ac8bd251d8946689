"""The search box: one text leads to a trace, an agent, a session, or to the traces that match."""

from __future__ import annotations

import re

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from ecoa_web.accounts.access import visible_project
from traces.pages.terms import term
from traces.queries.overview import has_agent, has_session

TRACE_ID = re.compile(r"[0-9a-f]{32}")
FILTER = re.compile(r"[a-z_]+(\.[^\s:]+)?\s*(:|!=|<=?|>=?)")


@require_safe
def search(request: HttpRequest, slug: str) -> HttpResponse:
    """Leads on; what is no id and no name is looked for in the traces' text."""
    project = visible_project(request.user, slug)
    text = request.GET.get("q", "").replace("\0", "").strip()[:500]
    hexadecimal = text.lower().replace("-", "")
    if TRACE_ID.fullmatch(hexadecimal):
        return redirect("trace", slug, hexadecimal)
    if text and has_agent(project.pk, text):
        return redirect("agent", slug, text)
    if text and has_session(project.pk, text):
        return redirect("session", slug, text)
    query = urlencode({"q": query_for(text), "range": "30d"}) if text else ""
    return redirect(f"{reverse('traces', args=[slug])}?{query}".rstrip("?"))


def query_for(text: str) -> str:
    """A text as a query of the filter language, which it may be already."""
    return text if FILTER.match(text) else term("text", text)
