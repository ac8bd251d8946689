"""Nothing answers a stranger, except what a stranger needs to come in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.resolvers import RegexPattern, RoutePattern
from django.utils.regex_helper import normalize

OPEN = {"account_login", "setup", "healthz", "readyz"}  # and static files, which are no route of Django's
MOST = 5
SAMPLES = {"int": "1", "slug": "shop", "str": "x", "path": "x/y", "uuid": "0b5cdf13-1c3c-4b6f-9f0e-6d7a4e5a1f00"}
OTHER = "0af7651916cd43dd8448eb211c80319c"  # for converters of our own: a trace id
PARAMETER = re.compile(r"<(?:(?P<kind>[^>:]+):)?[^>]+>")
METHODS = ("get", "head", "post", "put", "patch", "delete")


@pytest.mark.django_db
def test_a_stranger_gets_an_answer_from_at_most_five_routes() -> None:
    """Every other route sends a person to sign in and refuses a machine, whatever the method."""
    stranger = Client()

    answered = {name for name, address in routes() for method in METHODS if not is_refused(stranger, method, address)}

    assert answered == OPEN
    assert len(answered | {"static"}) <= MOST


@pytest.mark.django_db
def test_the_walk_sees_every_kind_of_route() -> None:
    """Pages, settings, allauth's own and routes with parameters are all among those walked."""
    walked = dict(routes())

    assert {"account_login", "setup", "keys", "member-remove", "metrics", "mfa_index"} <= walked.keys()
    assert walked["member-remove"] == "/p/shop/settings/members/1/remove/"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("origin", [None, settings.CSRF_TRUSTED_ORIGINS[0], "http://evil.example"])
async def test_a_stranger_gets_no_socket(origin: str | None) -> None:
    """Not from another origin, and not from our own without a session."""
    from ecoa_web.routing import websocket_urlpatterns

    for address in (f"/{''.join(filled(route.pattern))}" for route in websocket_urlpatterns):
        headers = [(b"host", b"localhost")] + ([(b"origin", origin.encode())] if origin else [])
        scope = {"type": "websocket", "path": address, "query_string": b"project=shop", "headers": headers}
        assert await first_answer({**scope, "subprotocols": []}) == "websocket.close", address


async def first_answer(scope: dict[str, object]) -> str:
    from ecoa_web.asgi import application

    # Not Channels' communicator: it keeps database connections from being given back.
    socket: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # asgiref's
    await socket.send_input({"type": "websocket.connect"})
    answer = await socket.receive_output()
    return str(answer["type"])


def is_refused(client: Client, method: str, address: str) -> bool:
    answer = getattr(client, method)(address)
    if answer.status_code in {301, 302, 303, 307, 308}:
        # The start page is itself among the routes walked.
        return answer.headers["Location"].partition("?")[0] in {reverse("account_login"), "/"}
    return answer.status_code in {401, 403, 405}  # 405: the route has no such method


def routes() -> Iterator[tuple[str, str]]:
    """Every route's name and an address that it matches."""
    yield from _walk(get_resolver().url_patterns, "/")


def _walk(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        for text in filled(pattern.pattern):
            if isinstance(pattern, URLResolver):
                yield from _walk(pattern.url_patterns, before + text)
            else:
                yield pattern.name or before + text, before + text


def filled(pattern: object) -> list[str]:
    """What a pattern matches, its parameters filled with samples."""
    if isinstance(pattern, RegexPattern):
        return [text % dict.fromkeys(names, "1") for text, names in normalize(pattern.regex.pattern.lstrip("^"))]
    assert isinstance(pattern, RoutePattern)
    return [PARAMETER.sub(lambda found: SAMPLES.get(found["kind"] or "str", OTHER), str(pattern))]
