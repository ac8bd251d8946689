"""Signing in with OpenID: who comes from the provider is known by issuer and subject, never by an address alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount

from ecoa_web.accounts.models import User

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.http import HttpRequest


class OpenIdAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Signs in who is bound already, binds who is invited, and lets nobody else in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """An invited person's first sign-in binds the subject to their account, which has no credential yet.

        An account that has one is bound by its owner, signed in, on their profile.
        """
        if sociallogin.is_existing or request.user.is_authenticated:
            return
        verified = [address.email for address in sociallogin.email_addresses if address.verified]
        invited = _invited(verified[0]) if len(verified) == 1 else None
        if invited is not None:
            sociallogin.connect(request, invited)


def _invited(email: str) -> User | None:
    user = User.objects.filter(email__iexact=email, is_active=True, is_superuser=False, last_login=None).first()
    if user is None or user.has_usable_password() or SocialAccount.objects.filter(user=user).exists():
        return None
    return user
