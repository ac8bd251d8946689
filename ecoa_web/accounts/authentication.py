"""How a machine shows its key to the API: a bearer token, x-api-key, or Basic auth whose password is the key."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from ecoa_web.accounts import keys

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema
    from rest_framework.request import Request

    from ecoa_web.accounts.key_cache import KeyInfo


@dataclass(frozen=True, slots=True)
class Machine:
    """The caller behind a key: signed in, but nobody's account."""

    key: KeyInfo
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_active: ClassVar[bool] = True
    is_superuser: ClassVar[bool] = False
    pk: ClassVar[None] = None


def secret_of(authorization: str, api_key: str) -> bytes | None:
    """The key in these two headers; None when there is none, b"" when it cannot be read."""
    scheme, _, value = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip().encode("latin-1", "replace")
        case "basic":
            return _basic_password(value)
        case "" if api_key:
            return api_key.strip().encode("latin-1", "replace")
        case "":
            return None
        case _:
            return b""


def _basic_password(value: str) -> bytes:
    try:
        return base64.b64decode(value.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


class KeyAuthentication(BaseAuthentication):
    """Lets a valid key in as a Machine, with the KeyInfo as request.auth."""

    def authenticate(self, request: Request) -> tuple[Machine, KeyInfo] | None:
        secret = secret_of(request.headers.get("Authorization", ""), request.headers.get("x-api-key", ""))
        if secret is None:
            return None
        key = keys.find_key(secret)
        if key is None:
            raise AuthenticationFailed("This key is unknown or revoked.")
        keys.note_use(key)
        return Machine(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ECOA"'


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers by being defined
    """How the OpenAPI schema names it."""

    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of a project."}
