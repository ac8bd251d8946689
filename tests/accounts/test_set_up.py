"""The first administrator, project and key, by link or by environment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from ecoa_web.accounts import keys, links, setup
from ecoa_web.accounts.models import ApiKey, AuditEntry, Membership, Project, Role, Scope, SetupLink, User
from ecoa_web.errors import OperatorError

FORM = {"email": "first@example.com", "name": "First", "password": "a long enough sentence"}

pytestmark = pytest.mark.django_db


def new_path() -> str:
    return urlsplit(setup.new_setup_link()).path


def test_the_link_makes_an_administrator_who_is_in() -> None:
    """One form, and the first person owns the project "default" and is signed in."""
    browser, path = Client(), new_path()

    assert browser.get(path).status_code == 200
    answer = browser.post(path, FORM)

    user = User.objects.get()
    assert answer.status_code == 302
    assert user.is_superuser
    assert Membership.objects.get(user=user).role == Role.OWNER
    assert Membership.objects.get(user=user).project.slug == "default"
    assert browser.get("/settings/profile/").status_code == 200
    assert AuditEntry.objects.filter(action="became the first administrator", actor=user).exists()


def test_the_link_is_an_address_people_can_open() -> None:
    """Absolute, at the public address; only its digest is stored."""
    link = setup.new_setup_link()
    token = link.rstrip("/").rpartition("/")[2]

    assert link.startswith(settings.CONFIG.base_url + "/setup/")
    assert len(token) >= 43
    assert SetupLink.objects.get().digest == keys.digest(token)


def test_the_link_works_once() -> None:
    """The second time it says so and what to do."""
    path = new_path()
    Client().post(path, FORM)

    again = Client().post(path, FORM | {"email": "second@example.com"})

    assert again.status_code == 410
    assert "has been used" in again.content.decode()
    assert User.objects.count() == 1


def test_another_open_link_ends_with_the_first_administrator() -> None:
    """However many were printed, one person comes in."""
    first, second = new_path(), new_path()
    Client().post(first, FORM)

    assert Client().get(second).status_code == 410
    assert Client().post(second, FORM | {"email": "second@example.com"}).status_code == 410
    assert User.objects.count() == 1


def test_the_link_ends_after_an_hour() -> None:
    """And tells how to get a new one."""
    path = new_path()
    SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = Client().post(path, FORM)

    assert answer.status_code == 410
    assert "has expired" in answer.content.decode()
    assert "manage.py up" in answer.content.decode()
    assert not User.objects.exists()
    assert timedelta(hours=1) == links.FIRST_ADMINISTRATOR


def test_an_unknown_link_is_404() -> None:
    """Whoever guesses learns nothing else."""
    for token in ("x", "x" * 43, "%00", "é"):
        assert Client().get(f"/setup/{token}/").status_code == 404


def test_looking_does_not_use_the_link_up() -> None:
    """Scanners that open links in mails do no harm."""
    path = new_path()
    for _ in range(3):
        Client().get(path)
        Client().head(path)

    assert Client().post(path, FORM).status_code == 302


@pytest.mark.parametrize("password", ["short", "password1234", ""])
def test_a_weak_password_is_refused_and_the_rest_is_kept(password: str) -> None:
    """The link stays good."""
    path = new_path()

    answer = Client().post(path, FORM | {"password": password})

    assert answer.status_code == 200
    assert answer.context["form"].errors["password"]
    assert 'value="first@example.com"' in answer.content.decode()
    assert Client().post(path, FORM).status_code == 302


def test_the_environment_makes_an_administrator_once() -> None:
    """A password changed since is not set back by a restart."""
    config = replace(settings.CONFIG, admin_email="boss@example.com", admin_password="sentence of the boss")

    user = setup.ensure_admin_from_env(config)
    assert user is not None
    user.set_password("changed in the browser")
    user.save()
    setup.ensure_admin_from_env(config)

    assert User.objects.get().check_password("changed in the browser")
    assert setup.administrator_exists()


@pytest.mark.parametrize(
    ("email", "password", "named"),
    [
        ("boss@example.com", None, "ECOA_ADMIN_PASSWORD"),
        (None, "sentence of the boss", "ECOA_ADMIN_EMAIL"),
        ("boss@example.com", "admin", "ECOA_ADMIN_PASSWORD"),
        ("boss", "sentence of the boss", "ECOA_ADMIN_EMAIL"),
    ],
)
def test_a_bad_environment_is_named(email: str | None, password: str | None, named: str) -> None:
    """One sentence with the variable that is wrong; nothing is made."""
    with pytest.raises(OperatorError, match=named):
        setup.ensure_admin_from_env(replace(settings.CONFIG, admin_email=email, admin_password=password))

    assert not User.objects.exists()


def test_the_first_key_is_made_up_and_told_once() -> None:
    """With all scopes, in the project "default"; the next start tells nothing."""
    config = replace(settings.CONFIG, api_key=None)

    secret = setup.ensure_api_key(config)

    assert secret is not None
    found = keys.find_key(secret)
    assert found is not None
    assert found.scopes == set(Scope.values)
    assert found.project_id == Project.objects.get(slug="default").pk
    assert setup.ensure_api_key(config) is None
    assert ApiKey.objects.count() == 1


def test_a_given_key_of_any_form_works() -> None:
    """Any string of 32 characters or more; once revoked, a restart does not bring it back."""
    given = "my very own key, with blanks & signs: é"
    config = replace(settings.CONFIG, api_key=given)

    assert setup.ensure_api_key(config) is None
    assert setup.ensure_api_key(config) is None
    assert keys.find_key(given) is not None
    keys.revoke(ApiKey.objects.get())
    setup.ensure_api_key(config)

    assert keys.find_key(given) is None


def test_a_given_key_that_is_short_is_named() -> None:
    """It says how long it is and how long it needs to be."""
    with pytest.raises(OperatorError, match="ECOA_API_KEY has 5 characters"):
        setup.ensure_api_key(replace(settings.CONFIG, api_key="short"))
