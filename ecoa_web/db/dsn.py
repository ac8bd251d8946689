"""Where the database is: DATABASE_URL, or the embedded server's socket in the data folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from ecoa_web.config import Config

EMBEDDED_USER = "ecoa"
EMBEDDED_NAME = "ecoa"
SOCKET_PATH_BYTES = 100  # the kernel allows 107, macOS 103


def conninfo(config: Config) -> str:
    """libpq's connection string."""
    if config.database_url:
        return make_conninfo(config.database_url)
    return make_conninfo(host=str(socket_dir(config.data_dir)), user=EMBEDDED_USER, dbname=EMBEDDED_NAME)


def direct_conninfo(config: Config) -> str:
    """The same, around a transaction-pooling proxy: for LISTEN and session locks."""
    return make_conninfo(config.direct_database_url) if config.direct_database_url else conninfo(config)


def socket_dir(data_dir: Path) -> Path:
    """The folder (0700) of the embedded server's socket: in the data folder, unless its path is too long for one."""
    inside = data_dir.absolute() / "run"
    if len(os.fsencode(inside / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:12]
    return Path("/tmp") / f"ecoa-{os.geteuid()}-{digest}"  # noqa: S108  made 0700, and refused when it is another's


def django_database(config: Config) -> dict[str, Any]:
    """Django's DATABASES entry. Connections come from a pool: under ASGI each request has a thread of its own."""
    params = conninfo_to_dict(conninfo(config))
    entry: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": params.pop("dbname", EMBEDDED_NAME),
        "USER": params.pop("user", ""),
        "PASSWORD": params.pop("password", ""),
        "HOST": params.pop("host", ""),
        "PORT": str(params.pop("port", "")),
        "CONN_HEALTH_CHECKS": True,  # after a restart of the server the pool is full of dead connections
        "OPTIONS": {**params, "pool": {"min_size": 1, "max_size": 12, "timeout": 5, "max_lifetime": 1800}},
    }
    return entry
