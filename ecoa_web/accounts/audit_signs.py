"""Sign-ins and what people change about their own account, heard from Django's and allauth's signals.

Signals, though this code has none of its own: every way to sign in, now and later, sends them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from ecoa_web.accounts import audit

if TYPE_CHECKING:
    from django.dispatch import Signal
    from django.http import HttpRequest

    from ecoa_web.accounts.models import User

UNKNOWN = "somebody"


def connect() -> None:
    """Listen, once, when the app is ready."""
    user_login_failed.connect(_failed, dispatch_uid="audit-failed")
    heard = {
        "signed in": user_logged_in,
        "signed out": user_logged_out,
        "changed the password": password_changed,
        "set a password": password_set,
        "reset the password": password_reset,
    }
    for action, signal in heard.items():
        _listen(signal, action)


def connect_two_factor() -> None:
    """The same for two-factor sign-in, when it is on."""
    from allauth.mfa import signals

    _listen(signals.authenticator_added, "added a second factor")
    _listen(signals.authenticator_removed, "removed a second factor")
    _listen(signals.authenticator_reset, "renewed recovery codes")
    signals.authentication_failed.connect(_second_factor_failed, dispatch_uid="audit-second-failed")


def _listen(signal: Signal, action: str) -> None:
    def heard(*, request: HttpRequest | None = None, user: User | None, **_: Any) -> None:  # the signal's own
        if user is not None:
            audit.record(action, request=request, actor=user)

    signal.connect(heard, weak=False, dispatch_uid=f"audit-{action}")


def _failed(*, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    typed = str(credentials.get("email") or credentials.get("username") or "")
    # Only what looks like an address: people type passwords into the wrong box.
    label = typed if typed.count("@") == 1 else UNKNOWN
    audit.record("failed to sign in", request=request, actor_label=label)


def _second_factor_failed(*, user: User, request: HttpRequest | None = None, **_: Any) -> None:
    audit.record("failed the second factor", request=request, actor=user)
