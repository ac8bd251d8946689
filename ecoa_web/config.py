"""Settings from the environment, read once, typed. docs/configuration.md lists every one (a test compares)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from environs import Env, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the operator chose. Defaults are safe: loopback only, embedded database, 30 days."""

    bind: str
    port: int
    otlp_http_port: int
    otlp_grpc_port: int
    base_url: str
    base_url_is_set: bool
    data_dir: Path
    database_url: str | None  # None: embedded
    direct_database_url: str | None
    redis_url: str | None
    admin_email: str | None
    admin_password: str | None
    api_key: str | None
    retention_days: int
    max_body_bytes: int
    max_pending_spans: int
    min_free_disk_mb: int
    cors_origins: tuple[str, ...]
    debug: bool
    log_level: str
    proxy_count: int  # trusted proxies in front, whose X-Forwarded-* headers count
    mfa: bool
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret: str | None
    oidc_name: str
    smtp_url: str | None
    mail_from: str | None
    slack_webhook_url: str | None
    pipelines: tuple[str, ...]  # modules that define the pipelines that workers run
    allow_private_webhooks: bool


def default_data_dir() -> Path:
    """The platform's folder for application data; /var/lib/ecoa as root."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path("/var/lib/ecoa")
    return platformdirs.user_data_path("ecoa")


def read_config() -> Config:
    """Read the environment; a wrong value raises environs.EnvError naming the variable."""
    env = Env()
    bind: str = env.str("ECOA_BIND", "127.0.0.1")
    port: int = env.int("ECOA_PORT", 8000)
    base_url: str | None = env.str("ECOA_BASE_URL", None)
    return Config(
        bind=bind,
        port=port,
        otlp_http_port=env.int("ECOA_OTLP_HTTP_PORT", 4318),
        otlp_grpc_port=env.int("ECOA_OTLP_GRPC_PORT", 4317),
        base_url=(base_url or f"http://localhost:{port}").rstrip("/"),
        base_url_is_set=base_url is not None,
        data_dir=Path(env.str("ECOA_DATA_DIR", None) or default_data_dir()),
        database_url=env.str("DATABASE_URL", None) or None,
        direct_database_url=env.str("ECOA_DIRECT_DATABASE_URL", None) or None,
        redis_url=env.str("REDIS_URL", None) or None,
        admin_email=env.str("ECOA_ADMIN_EMAIL", None) or None,
        admin_password=env.str("ECOA_ADMIN_PASSWORD", None) or None,
        api_key=env.str("ECOA_API_KEY", None) or None,
        retention_days=env.int("ECOA_RETENTION_DAYS", 30),
        max_body_bytes=env.int("ECOA_MAX_BODY_BYTES", 64 * 1024 * 1024),
        max_pending_spans=env.int("ECOA_MAX_PENDING_SPANS", 400_000),
        min_free_disk_mb=env.int("ECOA_MIN_FREE_DISK_MB", 512),
        cors_origins=tuple(env.list("ECOA_CORS_ORIGINS", [])),
        debug=env.bool("ECOA_DEBUG", False),
        log_level=env.str("ECOA_LOG_LEVEL", "info", validate=validate.OneOf(["debug", "info", "warning", "error"])),
        proxy_count=env.int("ECOA_PROXY_COUNT", 0),
        mfa=env.bool("ECOA_MFA", True),
        oidc_issuer=env.str("ECOA_OIDC_ISSUER", None) or None,
        oidc_client_id=env.str("ECOA_OIDC_CLIENT_ID", None) or None,
        oidc_client_secret=env.str("ECOA_OIDC_CLIENT_SECRET", None) or None,
        oidc_name=env.str("ECOA_OIDC_NAME", "single sign-on"),
        smtp_url=env.str("ECOA_SMTP_URL", None) or None,
        mail_from=env.str("ECOA_MAIL_FROM", None) or None,
        pipelines=tuple(env.list("ECOA_PIPELINES", [])),
        slack_webhook_url=env.str("ECOA_SLACK_WEBHOOK_URL", None) or None,
        allow_private_webhooks=env.bool("ECOA_ALLOW_PRIVATE_WEBHOOKS", False),
    )
