"""Dead letters: what they are about, tried again or discarded."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ecoa_web.accounts import audit
from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import Project, Role
from ecoa_web.accounts.pages.shell import signed_in
from traces.decode import RawSpan
from traces.ids import span_hex
from traces.pages.ingest.connection import worker_view
from traces.queries.letters import Letter, letter, letter_count, letter_span, letters
from traces.queries.traces import trace_summary
from traces.store.letters import discard, retry

PAGE = 20
MOST_LINES = 60
LINE_LENGTH = 400
LAST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The span of a letter, as far as it can be read."""

    trace_id: str
    span_id: str
    name: str
    service: str
    text: str


def listed(request: HttpRequest, project: Project) -> dict[str, object]:
    """A page of dead letters for the template."""
    before = _before(request)
    found = letters(project.pk, before=before, limit=PAGE + 1)
    return {
        "letters": found[:PAGE],
        "older_letters": found[PAGE - 1].id if len(found) > PAGE else None,
        "letters_before": before,
        "letter_count": letter_count(project.pk),
    }


@require_safe
def letter_page(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One dead letter with the beginning of its span."""
    user = signed_in(request)
    project = visible_project(user, slug)
    found = _letter(project, pk)
    sent = letter_span(project.pk, found)
    context = {
        "shown": project,
        "letter": found,
        "opened": opened(sent) if sent else None,
        "traced": sent is not None and trace_summary(project.pk, sent.trace_id) is not None,
        "editor": (role_in(user, project) or Role.VIEWER) >= Role.EDITOR,
    }
    return render(request, "settings/ingest_letter.html", context)


@require_POST
def letter_retry(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Store the batch of a letter, or those of all letters, once more."""
    project = visible_project(signed_in(request), slug, Role.EDITOR)
    found = _letter(project, pk) if pk is not None else None
    with transaction.atomic():
        taken = retry(worker_view(), project.pk, letter_id=pk)
        if taken:
            subject = f"batch {found.batch_id}" if found else "all"
            audit.record("retried dead letters", request=request, project=project, subject=subject, letters=taken)
    if taken:
        messages.success(request, f"{taken:,} dead letter{'s are' if taken != 1 else ' is'} being tried again.")
    else:
        messages.warning(request, "Nothing to try again: the bodies are no longer kept.")
    return redirect("ingest", slug)


@require_http_methods(["GET", "HEAD", "POST"])
def letter_discard(request: HttpRequest, slug: str, pk: int | None = None) -> HttpResponse:
    """Forget a letter, or all of them, after asking."""
    project = visible_project(signed_in(request), slug, Role.EDITOR)
    found = _letter(project, pk) if pk is not None else None
    if request.method != "POST":
        context = {"shown": project, "letter": found, "letter_count": letter_count(project.pk)}
        return render(request, "settings/ingest_discard.html", context)
    with transaction.atomic():
        gone = discard(worker_view(), project.pk, letter_id=pk)
        if gone:
            subject = f"batch {found.batch_id}" if found else "all"
            reason = found.reason if found else "any"
            audit.record(
                "discarded dead letters", request=request, project=project, subject=subject, letters=gone, reason=reason
            )
    messages.success(request, f"{gone:,} dead letter{'s are' if gone != 1 else ' is'} gone.")
    return redirect("ingest", slug)


def opened(sent: RawSpan) -> Opened:
    """What a span holds, as lines of text that fit a page."""
    service = sent.resource.attributes.get("service.name")
    whole = {
        "name": sent.name,
        "start_ns": sent.start_ns,
        "end_ns": sent.end_ns,
        "status": {"code": sent.status_code, "message": sent.status_message},
        "scope": {"name": sent.scope.name, "version": sent.scope.version},
        "attributes": sent.attributes,
        "events": [event.name for event in sent.events],
        "resource": sent.resource.attributes,
    }
    lines = orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode().splitlines()
    cut = [line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…" for line in lines[:MOST_LINES]]
    return Opened(
        trace_id=sent.trace_id,
        span_id=span_hex(sent.span_id),
        name=sent.name,
        service=service if isinstance(service, str) else "",
        text="\n".join(cut + (["…"] if len(lines) > MOST_LINES else [])),
    )


def _letter(project: Project, letter_id: int) -> Letter:
    found = letter(project.pk, letter_id) if letter_id <= LAST_ID else None
    if found is None:
        raise Http404("There is no such dead letter, or it was tried again.")
    return found


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return min(int(text), LAST_ID) if text.isascii() and text.isdigit() and len(text) < 20 else None
