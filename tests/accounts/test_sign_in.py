"""Signing in and out, what a browser may be sent to, and what ends a session."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from ecoa_web.accounts.models import AuditEntry, User

PASSWORD = "a long enough sentence"
LOGIN = "/accounts/login/"


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("ops@example.com", PASSWORD, name="Ops")


def sign_in(client: Client, password: str = PASSWORD, **more: str) -> int:
    return client.post(LOGIN, {"login": "ops@example.com", "password": password, **more}).status_code


def is_in(client: Client) -> bool:
    return client.get("/settings/profile/").status_code == 200


def test_a_person_signs_in_and_out(person: User) -> None:
    """By email and password; signing out takes a POST."""
    browser = Client()
    assert not is_in(browser)

    assert sign_in(browser) == 302
    assert is_in(browser)
    browser.get("/accounts/logout/")
    assert is_in(browser)
    browser.post("/accounts/logout/")
    assert not is_in(browser)

    actions = AuditEntry.objects.filter(actor=person).order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["signed in", "signed out"]


def test_a_wrong_password_is_refused_noted_and_soon_slowed_down(person: User) -> None:
    """Five wrong ones, and even the right one has to wait; the log shows the address tried, no password."""
    browser = Client(REMOTE_ADDR="192.0.2.7")

    for _ in range(5):
        assert sign_in(browser, "wrong wrong wrong") == 200
    assert sign_in(browser) != 302
    assert not is_in(browser)

    failed = AuditEntry.objects.filter(action="failed to sign in")
    assert failed.count() == 5
    assert {(entry.actor_label, entry.address) for entry in failed} == {("ops@example.com", "192.0.2.7")}
    assert "wrong wrong" not in str(list(failed.values()))


def test_nobody_signs_up(db: None) -> None:
    """There is no route to do it."""
    assert Client().get("/accounts/signup/").status_code == 404
    assert Client().post("/accounts/signup/", {"email": "x@example.com"}).status_code == 404


@pytest.mark.parametrize("path", ["/accounts/email/", "/accounts/password/reset/", "/accounts/3rdparty/", "/admin/"])
def test_what_is_not_offered_does_not_exist(person: User, path: str) -> None:
    """allauth's other pages are not routed; resetting by mail needs a mail server."""
    browser = Client()
    browser.force_login(person)

    assert browser.get(path).status_code == 404


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "https:///evil.example",
        "javascript:alert(1)",
        "\0//evil.example",
        "http://localhost.evil.example/",
        "//localhost@evil.example/",
    ],
)
def test_next_leads_nowhere_else(person: User, target: str) -> None:
    """Signing in with a foreign `next` ends at our own start page."""
    answer = Client().post(LOGIN, {"login": "ops@example.com", "password": PASSWORD, "next": target})

    assert answer.status_code == 302
    assert answer.headers["Location"] == settings.LOGIN_REDIRECT_URL


def test_next_leads_back_to_our_own_page(person: User) -> None:
    """Who was sent to sign in arrives where they wanted to go."""
    browser = Client()
    asked = browser.get("/settings/profile/")
    answer = browser.post(asked.headers["Location"], {"login": "ops@example.com", "password": PASSWORD})

    assert asked.headers["Location"] == f"{LOGIN}?next=/settings/profile/"
    assert browser.post(LOGIN, {}).status_code in {200, 302}
    assert answer.status_code == 302


def test_a_form_from_elsewhere_is_refused(person: User) -> None:
    """Without the token, and from another origin or port, no POST goes through."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(person)
    page = browser.get("/settings/profile/")
    token = page.context["csrf_token"]

    def post(**headers: str) -> int:
        data = {"name": "x", "csrfmiddlewaretoken": str(token)}
        return browser.post("/settings/profile/", data, headers=headers).status_code

    assert browser.post("/settings/profile/", {"name": "x"}).status_code == 403
    assert post(origin="http://evil.example") == 403
    assert post(origin="http://localhost:1") == 403
    assert post(origin=settings.CSRF_TRUSTED_ORIGINS[0]) == 302


def test_a_session_is_another_one_after_signing_in(person: User) -> None:
    """A session id planted before does not become somebody's."""
    browser = Client()
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""

    sign_in(browser)

    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != session.session_key


def test_a_new_password_ends_the_other_sessions(person: User) -> None:
    """The browser it was changed in stays signed in, the others do not."""
    here, there = Client(), Client()
    sign_in(here)
    sign_in(there)
    new = "another long sentence"

    answer = here.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )

    assert answer.status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert AuditEntry.objects.filter(action="changed the password", actor=person).exists()


def test_a_short_or_common_password_is_refused(person: User) -> None:
    """Beside the field, with the reason."""
    browser = Client()
    sign_in(browser)

    for bad in ("short", "password1234", "ops@example.com"):
        answer = browser.post(
            reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": bad, "password2": bad}
        )
        assert answer.status_code == 200
        assert answer.context["form"].errors["password1"]


def test_passwords_are_kept_as_argon2(person: User) -> None:
    """Slow to guess for whoever has the database."""
    assert person.password.startswith("argon2$argon2id$")


@pytest.mark.parametrize("path", ["/healthz", "/accounts/login/", "/nothing/here", "/static/nothing.css"])
def test_a_foreign_host_is_refused_everywhere(db: None, path: str) -> None:
    """Also where the view never asks for the host: a name that points here is not ours."""
    assert Client().get(path, headers={"host": "evil.example"}).status_code == 400


def test_answers_carry_the_headers_browsers_obey(person: User) -> None:
    """On pages, health and refusals alike."""
    for path in ("/accounts/login/", "/healthz", "/settings/profile/", "/nothing/here"):
        headers = Client().get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(person: User) -> None:
    """Session and CSRF cookie both."""
    browser = Client()
    sign_in(browser)

    session = browser.cookies[settings.SESSION_COOKIE_NAME]
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert browser.cookies[settings.CSRF_COOKIE_NAME]["httponly"]


def test_a_session_lasts_from_its_last_use(person: User) -> None:
    """Twelve hours after the last request, not after the first."""
    browser = Client()
    browser.force_login(person)
    session = browser.session
    session["ecoa_touched"] = 0
    session.save()

    again = browser.get("/settings/profile/")
    third = browser.get("/settings/profile/")

    assert settings.SESSION_COOKIE_NAME in again.cookies
    assert settings.SESSION_COOKIE_NAME not in third.cookies
