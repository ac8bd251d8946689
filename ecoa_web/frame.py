"""What the frame around every page shows: the rail, the project switch, the time range, the reader."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from ecoa_web.accounts.access import visible_projects
from ecoa_web.accounts.models import Project, User
from ecoa_web.ranges import KEYS, LABELS, TimeRange, time_range
from ecoa_web.zone import browser_zone

THEMES = ("system", "light", "dark")
PROJECT_COOKIE = "ecoa_project"  # the project looked at last, for pages that belong to none


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One place in the rail."""

    word: str
    icon: str
    url: str
    current: bool
    key: str  # pressed after `g`
    badge: str  # where the number beside it is pulled from; "" for none


SETTINGS = (
    *("project-delete", "members", "member-remove", "member-invite", "keys", "key-revoke", "audit"),
    *("prices", "price", "price-end"),
    *("ingest", "ingest-replay", "ingest-letter", "ingest-letter-discard", "ingest-letters-discard"),
    *("ingest-rule-new", "ingest-rule-remove"),
    *("projects", "whole-audit", "profile"),
)
PIPELINES = (
    *("pipeline", "runs", "run", "run-cancel", "run-retry", "run-fork", "run-resolve"),
    *("breakers", "breaker-act", "simulation"),
)
# (word, icon, URL name, key after `g`, names of the pages inside it). A page that does not exist yet is not shown.
PLACES = (
    ("Overview", "overview", "overview", "o", ("start",)),
    ("Traces", "traces", "traces", "t", ("trace", "trace-costs")),
    ("Agents", "agents", "agents", "a", ("agent",)),
    ("Models", "models", "models", "m", ("model", "costs")),
    ("Pipelines", "pipelines", "pipelines", "p", PIPELINES),
    ("Reviews", "reviews", "reviews", "r", ("review", "review-decide")),
    ("Sessions", "sessions", "sessions", "n", ("session",)),
    ("Settings", "settings", "project-settings", "s", SETTINGS),
)
# Pages that are not about a span of time; settings are not, either, but for ingest.
TIMELESS = frozenset(
    {
        *("start", "home", "trace", "trace-costs", "session"),
        *("run", "run-cancel", "run-retry", "run-fork", "run-resolve", "breaker-act", "simulation"),
        *("reviews", "review", "review-decide", "reviews-badge"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeMenu:
    """The time range and where its controls lead."""

    range: TimeRange
    params: dict[str, str]  # the range as it stands in an address
    kept: list[tuple[str, str]]  # the page's other parameters
    presets: list[tuple[str, str, str]]  # key, label, address
    earlier: str
    later: str


def frame(request: HttpRequest) -> dict[str, object]:
    """The context processor of base.html. Answers lazily: a template that shows no frame asks the database nothing."""
    theme = request.COOKIES.get("ecoa_theme", "")
    shown: dict[str, object] = {
        "theme": theme if theme in THEMES else "system",
        "themes": THEMES,
        "rail": "icons" if request.COOKIES.get("ecoa_rail") == "icons" else "wide",
        "zone": browser_zone(request).key,
        "ranged": is_ranged(request),
        "range": cache(lambda: time_range(request.GET, timezone.now())),
        "range_menu": cache(lambda: range_menu(request)),
    }
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return shown
    projects = cache(lambda: list(visible_projects(user)))
    project = cache(lambda: current_project(request, projects()))
    return shown | {"projects": projects, "project": project, "nav": cache(lambda: rail(request, project()))}


def is_ranged(request: HttpRequest) -> bool:
    """Whether the page in the address is about a span of time."""
    match = request.resolver_match
    if match is None or match.url_name in TIMELESS:
        return False
    return "/settings/" not in request.path or match.url_name == "ingest"


def current_project(request: HttpRequest, projects: list[Project]) -> Project | None:
    """The project in the address, else the one looked at last, else the first."""
    slugs = {project.slug: project for project in projects}
    match = request.resolver_match
    if match and "slug" in match.kwargs:
        return slugs.get(match.kwargs["slug"])
    return slugs.get(request.COOKIES.get(PROJECT_COOKIE, ""), projects[0] if projects else None)


def rail(request: HttpRequest, project: Project | None) -> list[Item]:
    """The places of a project, with the time range kept."""
    if project is None:
        return []
    here = request.resolver_match.url_name if request.resolver_match else ""
    query = urlencode(time_range(request.GET, timezone.now()).params)
    items = []
    for word, icon, name, key, inside in PLACES:
        try:
            url = reverse(name, args=[project.slug])
        except NoReverseMatch:
            continue
        current = here == name or here in inside
        whole = f"{url}?{query}" if query else url
        items.append(Item(word=word, icon=icon, url=whole, current=current, key=key, badge=badge(name, project)))
    return items


def badge(name: str, project: Project) -> str:
    """Where a place's number is pulled from once the page is live: no page waits for it."""
    try:
        return reverse(f"{name}-badge", args=[project.slug])
    except NoReverseMatch:
        return ""


def range_menu(request: HttpRequest) -> RangeMenu:
    """The time range's controls; each leads to this page with the same filters."""
    now = timezone.now()
    shown = time_range(request.GET, now)
    others = [(name, value) for name, values in request.GET.lists() for value in values]
    kept = [pair for pair in others if pair[0] not in {"range", "start", "end", "cursor", "part"}]

    def address(target: dict[str, str]) -> str:
        return "?" + urlencode([*kept, *target.items()])

    return RangeMenu(
        range=shown,
        params=shown.params,
        kept=kept,
        presets=[(key, LABELS[key], address({"range": key})) for key in KEYS],
        earlier=address(shown.shifted(by=-1, now=now).params),
        later=address(shown.shifted(by=1, now=now).params),
    )
