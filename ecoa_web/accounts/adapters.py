"""Our answers to allauth's questions about accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter

if TYPE_CHECKING:
    from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-up is closed: owners invite, the set-up link makes the first administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
