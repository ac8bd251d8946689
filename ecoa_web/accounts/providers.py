"""What lies outside: the OpenID provider that signs people in, the SMTP server that carries mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ecoa_web.errors import OperatorError

if TYPE_CHECKING:
    from ecoa_web.config import Config

SMTP_TIMEOUT_S = 10
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def openid_provider(config: Config) -> dict[str, Any]:
    """allauth's SOCIALACCOUNT_PROVIDERS; empty without ECOA_OIDC_ISSUER."""
    if not config.oidc_issuer:
        return {}
    if not config.oidc_client_id or not config.oidc_client_secret:
        raise OperatorError("ECOA_OIDC_ISSUER needs ECOA_OIDC_CLIENT_ID and ECOA_OIDC_CLIENT_SECRET beside it")
    app = {
        "provider_id": openid_id(config.oidc_issuer),
        "name": config.oidc_name,
        "client_id": config.oidc_client_id,
        "secret": config.oidc_client_secret,
        "settings": {"server_url": config.oidc_issuer},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}


def openid_id(issuer: str) -> str:
    """The issuer's name in accounts and addresses: another issuer's subjects are other people.

    Its redirect URI is ECOA_BASE_URL/accounts/oidc/<this>/login/callback/.
    """
    url = urlsplit(issuer)
    return "-".join(part for part in re.split(r"[^a-z0-9]+", f"{url.netloc}{url.path}".lower()) if part)


def openid_origins(config: Config) -> list[str]:
    """Where a sign-in form may lead, for the content security policy."""
    if not config.oidc_issuer:
        return []
    url = urlsplit(config.oidc_issuer)
    return [f"{url.scheme}://{url.netloc}"]


def smtp_mailer(config: Config) -> dict[str, Any]:
    """Django's mailer: ECOA_SMTP_URL, else the console.

    smtps:// is TLS from the start; smtp:// turns to TLS by STARTTLS, except on this machine.
    """
    if not config.smtp_url:
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    url = urlsplit(config.smtp_url)
    if url.scheme not in {"smtp", "smtps"} or not url.hostname:
        raise OperatorError("ECOA_SMTP_URL is to be smtp://user:password@host:587 or smtps://user:password@host:465")
    secure = url.scheme == "smtps"
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": url.hostname,
            "port": url.port or (465 if secure else 587),
            "username": unquote(url.username or ""),
            "password": unquote(url.password or ""),
            "use_ssl": secure,
            "use_tls": not secure and url.hostname not in LOOPBACK,
            "timeout": SMTP_TIMEOUT_S,
        },
    }
