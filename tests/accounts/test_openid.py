"""Single sign-on: a subject is bound to an account once, and an address alone opens none."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.internal.flows.login import complete_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from ecoa_web.accounts.models import User
from ecoa_web.accounts.providers import openid_id, openid_provider

ISSUER = "https://id.example.com/realms/shop"
ISSUER_ID = openid_id(ISSUER)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    chosen = {"oidc_issuer": ISSUER, "oidc_client_id": "ecoa", "oidc_client_secret": "secret"}
    settings.SOCIALACCOUNT_PROVIDERS = openid_provider(replace(settings.CONFIG, **chosen))


@pytest.fixture
def invited() -> User:
    return User.objects.create_user("invited@example.com")


def come_back_from_provider(email: str, *, subject: str, verified: bool = True) -> User | None:
    """Who is signed in after the provider says this."""
    request = RequestFactory().get(f"/accounts/oidc/{ISSUER_ID}/login/callback/", headers={"host": "localhost"})
    request.user = AnonymousUser()
    request.session = SessionStore()
    vars(request).update(_messages=FallbackStorage(request), allauth=SimpleNamespace())
    login = SocialLogin(
        user=User(email=email),
        account=SocialAccount(provider=ISSUER_ID, uid=subject, extra_data={}),
        email_addresses=[EmailAddress(email=email, verified=verified, primary=True)],
        provider=get_adapter().get_provider(request, ISSUER_ID),
    )
    login.state = {"process": "login"}
    with context.request_context(request):
        assert isinstance(complete_login(request, login), HttpResponse)
    return request.user if isinstance(request.user, User) else None


def test_an_invited_person_comes_in_and_again(invited: User) -> None:
    """Their first sign-in binds the subject; from then on it is theirs."""
    assert come_back_from_provider("invited@example.com", subject="a") == invited
    assert come_back_from_provider("renamed@example.com", subject="a") == invited


def test_an_unverified_address_opens_nothing(invited: User) -> None:
    """The provider has to vouch for it."""
    assert come_back_from_provider("invited@example.com", subject="a", verified=False) is None


def test_a_second_subject_with_the_same_address_stays_out(invited: User) -> None:
    """Whoever gets the address later does not get the account."""
    come_back_from_provider("invited@example.com", subject="a")

    assert come_back_from_provider("invited@example.com", subject="b") is None


def test_an_account_with_a_password_is_not_taken_over(db: None) -> None:
    """Its owner connects it, signed in; nor does an administrator's account come by mail."""
    User.objects.create_user("full@example.com", "a long enough sentence")
    User.objects.create_superuser("admin@example.com")

    assert come_back_from_provider("full@example.com", subject="a") is None
    assert come_back_from_provider("admin@example.com", subject="b") is None


def test_a_stranger_does_not_sign_up(db: None) -> None:
    """No account is made."""
    assert come_back_from_provider("stranger@example.com", subject="a") is None
    assert not User.objects.exists()


def test_an_issuer_has_a_name_of_its_own() -> None:
    """Accounts are bound to issuer and subject."""
    assert ISSUER_ID == "id-example-com-realms-shop"
    assert openid_id("https://id.example.com/realms/other/") == "id-example-com-realms-other"
