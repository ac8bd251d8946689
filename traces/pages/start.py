"""Get started: the lines to paste, with the address and a key in them, until the first span is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from ecoa_web.accounts import audit, keys
from ecoa_web.accounts.access import role_in, visible_project
from ecoa_web.accounts.models import ApiKey, Project, Role, Scope, User
from ecoa_web.accounts.snippets import otel_environment, otlp_endpoint
from ecoa_web.ranges import preset
from traces.pages.snippets import Snippet, snippets
from traces.queries.ingest import Ledger, ledger
from traces.queries.overview import Newest, newest
from traces.queries.window import Window, to_datetime

PLACEHOLDER = "YOUR_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the page shows. `secret` is there once, in the answer that made the key."""

    endpoint: str
    grpc_port: int
    snippets: list[Snippet]
    may_make_key: bool
    keys: int  # in use that may send
    secret: str
    newest: Newest | None
    ledger: Ledger  # of the last hour

    @property
    def newest_at(self) -> datetime | None:
        """When the newest trace started."""
        return None if self.newest is None else to_datetime(self.newest.start_ns)

    @property
    def refused(self) -> int:
        """Spans that came in the last hour and were not valid."""
        return sum(self.ledger.rejected_spans.values())


@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """The page; a POST makes a key and shows it, this once."""
    project = visible_project(request.user, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    secret = make_key(request, project) if request.method == "POST" else ""
    part = "#status" if request.GET.get("part") == "status" else ""
    context = {"project": project, "start": start_of(request, project, secret=secret)}
    response = render(request, f"traces/start.html{part}", context)
    if secret:
        response.headers["Cache-Control"] = "no-store"
    return response


def start_of(request: HttpRequest, project: Project, *, secret: str = "") -> Start:
    """What the page shows, with a place for the key while there is none to show."""
    lines = otel_environment(settings.CONFIG, secret or PLACEHOLDER)
    endpoint = otlp_endpoint(settings.CONFIG)
    hour = preset("1h", timezone.now())
    return Start(
        endpoint=endpoint,
        grpc_port=settings.CONFIG.otlp_grpc_port,
        snippets=snippets(lines, endpoint=endpoint, secret=secret or PLACEHOLDER),
        may_make_key=role_in(request.user, project) == Role.OWNER,
        keys=ApiKey.objects.filter(project=project, revoked_at=None, scopes__contains=[Scope.INGEST]).count(),
        secret=secret,
        newest=newest(project.pk),
        ledger=ledger(project.pk, window=Window.between(hour.start, hour.end)),
    )


def make_key(request: HttpRequest, project: Project) -> str:
    """A new key that may only send; returns its secret."""
    by = request.user if isinstance(request.user, User) else None
    with transaction.atomic():
        key, secret = keys.new_key(project, name="Get started", scopes=[Scope.INGEST], by=by)
        audit.record(
            "made the key", request=request, project=project, subject=key.name, prefix=key.prefix, scopes=key.scopes
        )
    return secret
