"""What the database needs before the parts start: its tables, the first project, key and administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError

from ecoa_web.accounts import keys, setup
from ecoa_web.accounts.models import ApiKey, Scope
from ecoa_web.config import Config
from ecoa_web.db.dsn import direct_conninfo
from ecoa_web.errors import OperatorError
from ecoa_web.supervisor.banner import FirstRun

MIGRATION_LOCK = 0x65636F61  # "ecoa"
DEMO_KEY = "example shop"


def first_run(config: Config, *, demo: bool) -> FirstRun:
    """Bring the database to this version and make what is missing. May run on every start, by several at once."""
    try:
        with _migration_lock(config):
            migrations = _migrate()
            setup.ensure_default_project()
            setup.ensure_admin_from_env(config)
            made = setup.ensure_api_key(config)
            link = None if setup.administrator_exists() else setup.new_setup_link()
            demo_key = _demo_key() if demo else None
    except (psycopg.OperationalError, OperationalError) as cause:
        where = "DATABASE_URL" if config.database_url else "the embedded PostgreSQL"
        raise OperatorError(f"The database of {where} does not answer: {str(cause).strip().splitlines()[0]}") from cause
    finally:
        _close_pool()
    return FirstRun(migrations=migrations, setup_link=link, key=made, demo_key=demo_key)


def _close_pool() -> None:
    """The supervisor asks nothing any more; an open pool would hold sessions and complain when the server stops."""
    wrapper = connections["default"]
    assert isinstance(wrapper, DatabaseWrapper)
    wrapper.close()
    wrapper.close_pool()


@contextmanager
def _migration_lock(config: Config) -> Iterator[None]:
    """One at a time, also when several machines start together."""
    with psycopg.connect(direct_conninfo(config), autocommit=True, connect_timeout=10) as session:
        session.execute("SET statement_timeout = 0")
        session.execute("SET lock_timeout = 0")
        session.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        yield


def _migrate() -> int:
    """Apply what is missing; how many migrations that was."""
    executor = MigrationExecutor(connection)
    unknown = executor.loader.applied_migrations.keys() - executor.loader.disk_migrations.keys()
    ours = sorted(f"{app}.{name}" for app, name in unknown if app in executor.loader.migrated_apps)
    if ours:
        raise OperatorError(f"The database was written by a newer ECOA (it has {ours[-1]}): upgrade this one.")
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        call_command("migrate", interactive=False, verbosity=0)
    return len(plan)


def _demo_key() -> str:
    """A key of this run's example shop; the last run's ends."""
    for old in ApiKey.objects.filter(name=DEMO_KEY, revoked_at=None):
        keys.revoke(old)
    _, secret = keys.new_key(setup.ensure_default_project(), name=DEMO_KEY, scopes=[Scope.INGEST], by=None)
    return secret
