"""From nothing to a first administrator, project and key; each step may be repeated and then changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib.auth.password_validation import CommonPasswordValidator, MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from ecoa_web.accounts import audit, keys, links
from ecoa_web.accounts.links import administrator_exists
from ecoa_web.accounts.models import ApiKey, Membership, Project, Role, Scope, SetupLink, User
from ecoa_web.errors import OperatorError

if TYPE_CHECKING:
    from ecoa_web.config import Config

__all__ = [
    "administrator_exists",
    "ensure_admin_from_env",
    "ensure_api_key",
    "ensure_default_project",
    "first_administrator",
    "new_setup_link",
]

DEFAULT = "default"
MIN_PASSWORD = 12
MIN_KEY = 32


class AlreadySetUp(Exception):
    """An administrator exists, or the link was used a moment ago."""


def new_setup_link() -> str:
    """The address at which the first administrator is made: for one hour, once."""
    return links.new_link(user=None, lasts=links.FIRST_ADMINISTRATOR)


def ensure_default_project() -> Project:
    """The project "default", to which the first key and the first administrator belong."""
    project, made = Project.objects.get_or_create(slug=DEFAULT, defaults={"name": DEFAULT})
    if made:
        audit.record("created the project", project=project, subject=project.name)
    return project


def ensure_admin_from_env(config: Config) -> User | None:
    """The administrator of ECOA_ADMIN_EMAIL and ECOA_ADMIN_PASSWORD; one that exists keeps the password they have."""
    if config.admin_email is None and config.admin_password is None:
        return None
    if config.admin_email is None or config.admin_password is None:
        missing = "ECOA_ADMIN_EMAIL" if config.admin_email is None else "ECOA_ADMIN_PASSWORD"
        raise OperatorError(f"{missing} is missing: the first administrator needs an address and a password")
    _check("ECOA_ADMIN_EMAIL", config.admin_email, validate_email)
    existing = User.objects.filter(email__iexact=config.admin_email).first()
    if existing is not None:
        return existing
    _check("ECOA_ADMIN_PASSWORD", config.admin_password, MinimumLengthValidator(MIN_PASSWORD).validate)
    _check("ECOA_ADMIN_PASSWORD", config.admin_password, CommonPasswordValidator().validate)
    with transaction.atomic():
        return _administrator(email=config.admin_email, name="", password=config.admin_password)


def ensure_api_key(config: Config) -> str | None:
    """The first key, with all scopes. Returned once, when one was made up; ECOA_API_KEY's is known already."""
    project = ensure_default_project()
    if config.api_key is not None:
        _ensure_given_key(project, config.api_key.strip())
        return None
    if ApiKey.objects.exists():
        return None
    with transaction.atomic():
        key, secret = keys.new_key(project, name="first key", scopes=Scope, by=None)
        audit.record("made the key", project=project, subject=key.name, scopes=key.scopes)
    return secret


def first_administrator(link: SetupLink, *, email: str, name: str, password: str) -> User:
    """Spend the link and make the administrator, who owns the project "default"; AlreadySetUp when there is one."""
    with transaction.atomic():
        links.one_setup_at_a_time()
        if administrator_exists() or not links.spend(link):
            raise AlreadySetUp
        return _administrator(email=email, name=name, password=password)


def _administrator(*, email: str, name: str, password: str) -> User:
    user = User.objects.create_superuser(email, password, name=name)
    Membership.objects.create(user=user, project=ensure_default_project(), role=Role.OWNER)
    audit.record("became the first administrator", actor=user, subject=user.email)
    return user


def _ensure_given_key(project: Project, secret: str) -> None:
    if len(secret) < MIN_KEY:
        raise OperatorError(f"ECOA_API_KEY has {len(secret)} characters; it needs {MIN_KEY} or more")
    if ApiKey.objects.filter(digest=keys.digest(secret)).exists():
        return  # also when it has been revoked: a restart must not bring it back
    with transaction.atomic():
        key = keys.add_key(project, secret=secret, name="ECOA_API_KEY", scopes=Scope, by=None)
        audit.record("made the key", project=project, subject=key.name, scopes=key.scopes)


def _check(variable: str, value: str, validator: Callable[[str], None]) -> None:
    try:
        validator(value)
    except ValidationError as error:
        raise OperatorError(f"{variable}: {' '.join(error.messages)}") from error
