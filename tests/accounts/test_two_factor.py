"""Two-factor sign-in: set up, asked for, and of no use to who has the database alone."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from ecoa_web.accounts.models import AuditEntry, User

PASSWORD = "a long enough sentence"


def code(secret: str) -> str:
    shown: str = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    return shown


@pytest.mark.django_db
def test_a_second_factor_is_set_up_and_then_asked_for(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """The password alone no longer signs in; password and code do. Its secret is stored encrypted."""
    user = User.objects.create_user("ops@example.com", PASSWORD)
    form = {"login": user.email, "password": PASSWORD}
    browser = Client()
    browser.post("/accounts/login/", form)
    asked = browser.get("/accounts/2fa/totp/activate/")
    page = browser.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret

    with django_capture_on_commit_callbacks(execute=True):
        activated = browser.post("/accounts/2fa/totp/activate/", {"code": code(secret)})
    codes = browser.get("/accounts/2fa/recovery-codes/").context["unused_codes"]
    other = Client()
    asked = other.post("/accounts/login/", form)

    assert activated.status_code == 302
    assert len(codes) == 10
    assert asked.headers["Location"] == "/accounts/2fa/authenticate/"
    assert other.get("/settings/profile/").status_code == 302
    assert "Second factor" in other.get("/accounts/2fa/authenticate/").content.decode()
    assert other.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == 302
    assert other.get("/settings/profile/").status_code == 200
    assert secret not in str(list(Authenticator.objects.values()))
    assert AuditEntry.objects.filter(action="added a second factor", actor=user).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["", "totp/activate/", "recovery-codes/generate/", "totp/deactivate/", "reauthenticate/"]
)
def test_its_pages_are_drawn(path: str) -> None:
    """Each answers in our own look, or sends to where it can."""
    browser = Client()
    User.objects.create_user("ops@example.com", PASSWORD)
    browser.post("/accounts/login/", {"login": "ops@example.com", "password": PASSWORD})

    answer = browser.get(f"/accounts/2fa/{path}")

    assert answer.status_code in {200, 302, 404}
    if answer.status_code == 200:
        assert 'class="plain"' in answer.content.decode()
