"""Is it alive, is it ready, how is it doing? The first two for anybody, without details; figures need a key."""

from __future__ import annotations

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import PoolTimeout

from ecoa_web.accounts import keys
from ecoa_web.accounts.authentication import secret_of
from ecoa_web.accounts.models import Scope, User


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and has every migration; 503 otherwise."""
    ready = _ready()
    return HttpResponse("ready\n" if ready else "not ready\n", content_type="text/plain", status=200 if ready else 503)


@login_not_required  # a key is checked here
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text, for a key that may read or administer, or for an administrator in the browser."""
    if isinstance(request.user, User) and request.user.is_superuser:
        return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
    secret = secret_of(request.headers.get("Authorization", ""), request.headers.get("x-api-key", ""))
    key = keys.find_key(secret) if secret else None
    if key is None:
        return HttpResponse("A key is needed.\n", status=401, headers={"WWW-Authenticate": 'Bearer realm="ECOA"'})
    if not (key.allows(Scope.READ) or key.allows(Scope.ADMIN)):
        raise PermissionDenied("This key may neither read nor administer.")
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)


class NotMigrated(Exception):
    """Migrations wait to be applied."""


def _ready() -> bool:
    try:
        _check_migrations()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (Error, PoolTimeout, NotMigrated):
        return False
    return True


@cache  # once applied they stay so, and reading every migration file takes a while; a failure is not kept
def _check_migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigrated
