"""
One PostgreSQL for the whole session, started before Django's settings are read: ours, in a temporary folder, unless
DATABASE_URL names another. Workers of pytest-xdist inherit its address.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import psycopg
import pytest
import pytest_django

from ecoa_web.db.embedded import Server


def _temporary_data_dir() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ecoa-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _start_database(data_dir: Path) -> str:
    """Start a server that forgets on power loss, whose application role may make test databases; its address."""
    server = Server(data_dir, durable=False)
    server.start()
    atexit.register(server.stop)
    with psycopg.connect(server.conninfo(user="postgres"), autocommit=True) as superuser:
        superuser.execute("ALTER ROLE ecoa CREATEDB")
    return f"postgresql://ecoa@/ecoa?host={server.folders.run}"


if "ECOA_DATA_DIR" not in os.environ:
    os.environ["ECOA_DATA_DIR"] = str(_temporary_data_dir())
(Path(os.environ["ECOA_DATA_DIR"]) / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise warns without it
if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = _start_database(Path(os.environ["ECOA_DATA_DIR"]))
os.environ["DJANGO_SETTINGS_MODULE"] = "ecoa_web.settings"
django.setup()


@pytest.fixture(autouse=True)
def _own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents and pipelines that a test declares are forgotten with it: another test's may have the same name."""
    from ecoa.calling import registry as agents
    from ecoa.graph import registry as pipelines

    monkeypatch.setattr(agents, "_declared", dict(agents._declared))
    monkeypatch.setattr(pipelines, "_by_name", dict(pipelines._by_name))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest_django.DjangoDbBlocker) -> Iterator[None]:
    """The test database, never the one that DATABASE_URL names: tests empty it. pytest-django makes it only where some
    test has its mark. Tests that commit are cleaned up after: the audit log refuses TRUNCATE everywhere else."""
    from django.db import connection
    from django.test.utils import setup_databases, teardown_databases

    with django_db_blocker.unblock():
        made = []
        if not connection.settings_dict["NAME"].startswith("test_"):
            made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER accounts_audit_keep_table")
        _empty_the_tables_without_models_too()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


def _empty_the_tables_without_models_too() -> None:
    """After a test that commits, Django truncates its models' tables, which others refer to."""
    from django.db import connection

    flush = connection.ops.sql_flush
    others = [name for name in connection.introspection.table_names() if name.startswith("pipelines_")]

    def sql_flush(style: Any, tables: list[str], **options: Any) -> list[str]:  # Any: as Django hands them on
        return flush(style, sorted({*tables, *others}), **options)

    connection.ops.sql_flush = sql_flush  # type: ignore[method-assign, assignment]  # less typed
