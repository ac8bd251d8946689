"""Requests to people: the queue, one of them, claiming, deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError

from ecoa.codec import dumps
from ecoa.store.base import Ballot, ReviewFilter
from ecoa.store.postgres import reviews as stored
from ecoa_web.accounts.models import Scope
from pipelines.api import asked, forms, serializers
from pipelines.api.documented import REVIEW_ID, documented
from pipelines.api.errors import told
from pipelines.people import caller_name, require_group, reviewer
from pipelines.verbs import reviews as verbs
from pipelines.verbs.transaction import read
from traces.api.asked import limit
from traces.api.documented import CURSOR, LIMIT
from traces.api.forms import answer, listed
from traces.serializers import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request

    from ecoa.store.base import ReviewPage, ReviewStatus
    from ecoa_web.accounts.models import Project

STATUS = OpenApiParameter("status", str, description="One or more, with commas between; by default pending.")
PIPELINE = OpenApiParameter("pipeline", str, description="A pipeline's name.")
RUN = OpenApiParameter("run", str, description="A run's id.")
GROUP = OpenApiParameter("group", str, description="Asked of this group or address; me: of any group you are in.")
ASSIGNEE = OpenApiParameter("assignee", str, description="Claimed by this account; me: by you.")
ME = "me"


@documented(page_of(serializers.Review), STATUS, PIPELINE, RUN, GROUP, ASSIGNEE, LIMIT, CURSOR, id="list_reviews")
@api_view(["GET"])
def review_list(request: Request) -> HttpResponse:
    """Reviews, the earliest deadline first, those without one last."""
    project = asked.readable_project(request, Scope.REVIEW)
    page = _page(project, request)
    return listed(map(forms.review_form, page.rows), cursor=page.next)


@documented(serializers.WholeReview, REVIEW_ID, id="get_review")
@api_view(["GET"])
def review(request: Request, review_id: UUID) -> HttpResponse:
    """A review with what is decided about."""
    project = asked.readable_project(request, Scope.REVIEW)
    with told():
        return answer(forms.whole_review_form(verbs.review(project, str(review_id))))


@documented(serializers.WholeReview, REVIEW_ID, id="claim_review", refusals=(409, 410))
@api_view(["POST"])
def claim(request: Request, review_id: UUID) -> HttpResponse:
    """Tell others that you look at it. It locks nobody out."""
    project, name, groups = reviewer(request)
    with told():
        require_group(groups, verbs.review(project, str(review_id)).groups)
        return answer(forms.whole_review_form(verbs.claim(project, str(review_id), by=name)))


@documented(
    serializers.WholeReview,
    REVIEW_ID,
    id="decide_review",
    takes=serializers.DecisionInput,
    refusals=(409, 410, 422),
)
@api_view(["POST"])
def decision(request: Request, review_id: UUID) -> HttpResponse:
    """Approve, edit or reject the version that you saw.

    409 when somebody decided it already (who, what, when) or it changed since; 410 when it expired; 422 when an edit
    does not fit the schema. With a quorum the review stays pending until enough people approved.
    """
    project, name, groups = reviewer(request)
    said = asked.body(request, serializers.DecisionInput)
    with told():
        require_group(groups, verbs.review(project, str(review_id)).groups)
        decided = verbs.decide(project, str(review_id), _ballot(said, by=name), request=request._request)
    return answer(forms.whole_review_form(decided))


def _ballot(said: dict[str, Any], *, by: str) -> Ballot:  # checked fields
    output = dumps(said["output"]) if said["decision"] == "edit" else None
    return Ballot(
        version=said["version"],
        decision=said["decision"],
        by=by,
        via="api",
        output=output,
        comment=said["comment"],
        digest=said.get("digest"),
    )


def _page(project: Project, request: Request) -> ReviewPage:
    statuses = asked.some_of(request, "status", serializers.REVIEW_STATUSES, default=["pending"])
    group, assignee = asked.text(request, "group"), asked.text(request, "assignee")
    wanted = ReviewFilter(
        status=cast("list[ReviewStatus]", statuses),
        pipeline=asked.text(request, "pipeline"),
        run_id=_uuid(request, "run"),
        groups=None if group is None else _groups(request, group),
        claimed_by=caller_name(request) if assignee == ME else assignee,
    )
    try:
        return read(
            stored.reviews(project.pk, wanted, cursor=request.query_params.get("cursor") or None, limit=limit(request))
        )
    except ValueError as error:
        raise ValidationError({"cursor": [f"This is {error}."]}, code="invalid") from None


def _groups(request: Request, group: str) -> tuple[str, ...]:
    return reviewer(request)[2] if group == ME else (group.lower(),)


def _uuid(request: Request, name: str) -> str | None:
    text = asked.text(request, name)
    try:
        return text and str(UUID(text))
    except ValueError:
        raise ValidationError({name: ["This is no run's id."]}, code="invalid") from None
