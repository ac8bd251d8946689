"""Deciding and claiming on the page: the same verbs as the API's, with what is wrong said beside the form."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from ecoa.edits import plain
from ecoa.errors import EditInvalid, NotFound, ReviewConflict, ReviewExpired
from ecoa.store.base import Ballot
from ecoa_web.accounts.pages.shell import signed_in
from pipelines.pages.review import Refused, case_of
from pipelines.pages.reviews import queue_of
from pipelines.pages.value_field import checked
from pipelines.people import require_group, reviewer_on_page
from pipelines.verbs import reviews as verbs

if TYPE_CHECKING:
    from ecoa.store.base import ReviewRow, Verdict
    from ecoa_web.accounts.models import Project

LONGEST = 2000  # characters of a comment
UNFIT = "The edit does not fit what comes next."
VERDICTS = ("approve", "edit", "reject")
DONE = {"approved": "Approved", "edited": "Approved as edited", "rejected": "Rejected"}
PAST = {"approve": "approved", "edit": "approved an edit of", "reject": "rejected"}


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, slug: str, review_id: UUID) -> HttpResponse:
    """Approve, edit or reject the version that was on the screen; then the next item opens."""
    user = signed_in(request)
    project, groups = reviewer_on_page(user, slug)
    if request.method != "POST":  # the page that refused a decision is loaded again, or refreshes itself
        return redirect(f"{reverse('review', args=[slug, review_id])}?{request.GET.urlencode()}".rstrip("?"))
    found = _review(project, review_id)
    require_group(groups, found.groups)
    refused = _refusal(request, found)
    if refused is None:
        try:
            decided = verbs.decide(project, str(review_id), _ballot(request, found, by=user.email), request=request)
        except ReviewConflict as conflict:
            refused = Refused(status=409, problem=conflict_in_words(conflict))
        except ReviewExpired:
            refused = Refused(status=410, problem="Its time is over: it cannot be decided any more.")
        except EditInvalid as invalid:
            refused = Refused(status=422, problem=UNFIT, problems=invalid.problems)
    if refused is not None:
        typed = request.POST.get("output") if refused.status == 422 and request.POST.get("decision") == "edit" else None
        kept = replace(refused, typed=typed, comment=_text(request, "comment"), reason=_text(request, "reason"))
        again = case_of(request, project, user, review_id, refused=kept)
        return render(request, "pipelines/review.html", {"project": project, "case": again}, status=refused.status)
    messages.success(request, _told(project, decided))
    return redirect(_next(request, project, user, review_id))


@require_POST
def claim(request: HttpRequest, slug: str, review_id: UUID) -> HttpResponse:
    """Tell others that one looks at it."""
    user = signed_in(request)
    project, groups = reviewer_on_page(user, slug)
    require_group(groups, _review(project, review_id).groups)
    here = reverse("review", args=[slug, review_id])
    try:
        verbs.claim(project, str(review_id), by=user.email)
    except (ReviewConflict, ReviewExpired) as gone:
        messages.warning(request, conflict_in_words(gone) if isinstance(gone, ReviewConflict) else gone.message)
    return redirect(_kept(request, here))


def conflict_in_words(conflict: ReviewConflict) -> str:
    """Who was first, with what and when."""
    told = conflict.decided
    if not told:
        return f"{conflict.message} Nothing was changed by what you did."
    at = told.get("at")
    when = f" at {at:%H:%M:%S} UTC" if hasattr(at, "strftime") else f" at {at}" if at else ""
    decision = str(told.get("decision") or "decided")
    return f"{told.get('by')} {PAST.get(decision, decision)} it{when}. Nothing was changed by what you did."


def retagged(original: Any, edited: Any) -> Any:  # decoded JSON, stored and typed
    """An edit with the codec's tags of what it edits, so that an amount stays a decimal and a day a date."""
    if plain(original) == edited:
        return original
    match original, edited:
        case {"$ecoa": str(), "v": inner}, _ if type(plain(inner)) is type(edited):
            return {**original, "v": retagged(inner, edited)}
        case dict(), dict():
            return {name: retagged(original.get(name), value) for name, value in edited.items()}
        case list(), list():
            kept = [*original, *[original[-1] if original else None] * len(edited)]
            return [retagged(was, value) for was, value in zip(kept, edited, strict=False)]
    return edited


def _refusal(request: HttpRequest, found: ReviewRow) -> Refused | None:
    """What is not even asked of the store."""
    decision = request.POST.get("decision", "")
    if decision not in VERDICTS:
        return Refused(status=422, problem="Approve, edit or reject it.")
    if decision == "reject" and not (_text(request, "comment") or _text(request, "reason")):
        return Refused(status=422, problem="A rejection needs a reason.")
    if decision == "edit" and (problems := checked(request.POST.get("output", ""), found.schema)):
        return Refused(status=422, problem=UNFIT, problems=problems)
    return None


def _ballot(request: HttpRequest, found: ReviewRow, *, by: str) -> Ballot:
    version, decision = request.POST.get("version", ""), request.POST["decision"]
    reason = _text(request, "reason") if decision == "reject" else ""
    output = None
    if decision == "edit":
        edited = retagged(json.loads(found.payload), json.loads(request.POST["output"]))
        output = json.dumps(edited, ensure_ascii=False)
    return Ballot(
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        decision=cast("Verdict", decision),
        by=by,
        via="web",
        output=output,
        comment=": ".join(text for text in (reason, _text(request, "comment")) if text),
        digest=request.POST.get("digest") or None,
    )


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\0", "").strip()[:LONGEST]


def _told(project: Project, row: ReviewRow) -> str:
    """What came of it, with the way to the run."""
    run = reverse("run", args=[project.slug, row.run_id])
    if row.status == "pending":
        given = len([vote for vote in row.votes if vote.version == row.version and vote.decision != "reject"])
        text = f"Your word counts: {given} of {row.quorum} so far."
        return format_html('{} <a href="{}">Its run</a> waits for the others.', text, run)
    word = DONE.get(row.status, row.status.capitalize())
    return format_html(
        '{}: {}. <a href="{}">The run</a> goes on{}.',
        word,
        row.title,
        run,
        "" if row.status != "rejected" else " as its pipeline says for a rejection",
    )


def _next(request: HttpRequest, project: Project, user: Any, review_id: UUID) -> str:
    """The item after this one in the queue as the reader has it; the queue when there is none."""
    rest = [row for row in queue_of(request, project, user).rows if row.id != review_id and not row.overdue]
    after = request.POST.get("next", "")
    chosen = next((row for row in rest if str(row.id) == after), rest[0] if rest else None)
    if chosen is None:
        return _kept(request, reverse("reviews", args=[project.slug]))
    return _kept(request, reverse("review", args=[project.slug, chosen.id]))


def _kept(request: HttpRequest, address: str) -> str:
    kept = {name: request.GET[name] for name in ("scope", "pipeline") if request.GET.get(name)}
    return f"{address}?{urlencode(kept)}" if kept else address


def _review(project: Project, review_id: UUID) -> ReviewRow:
    try:
        return verbs.review(project, str(review_id))
    except NotFound as missing:
        raise Http404(missing.message) from None
