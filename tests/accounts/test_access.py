"""Who sees which project, and what another project's things look like: nothing."""

from __future__ import annotations

import base64

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from ecoa_web.accounts import keys
from ecoa_web.accounts.access import api_project, visible_project, visible_projects
from ecoa_web.accounts.models import Membership, Project, Role, Scope, User
from tests.accounts.conftest import SignedIn

PAGES = ["project/", "project/delete/", "members/", "keys/", "audit/", ""]


class Which(APIView):
    """Answers with the project that the caller means."""

    def get(self, request: Request) -> Response:
        return Response({"project": api_project(request, Scope.READ).slug})


def ask(headers: dict[str, str], *, query: str = "", user: User | None = None) -> Response:
    request = APIRequestFactory().get(f"/{query}", headers=headers)
    if user is not None:
        request.user = user
    answer = Which.as_view()(request)
    assert isinstance(answer, Response)
    return answer


def bearer(project: Project, *scopes: Scope) -> dict[str, str]:
    return {"authorization": f"Bearer {keys.new_key(project, name='k', scopes=scopes, by=None)[1]}"}


def test_a_project_is_seen_by_its_members_alone(project: Project, viewer: User, outsider: User, admin: User) -> None:
    """To everybody else it does not exist; an administrator sees all."""
    assert visible_project(viewer, "shop") == project
    assert visible_project(admin, "shop", Role.OWNER) == project
    for stranger in (outsider, AnonymousUser()):
        with pytest.raises(Http404):
            visible_project(stranger, "shop")
    with pytest.raises(Http404):
        visible_project(admin, "no-such")
    assert list(visible_projects(outsider)) == [Project.objects.get(slug="elsewhere")]
    assert visible_projects(admin).count() == 2


def test_a_role_includes_those_below_it(project: Project, viewer: User, owner: User) -> None:
    """A viewer may not do what an editor may; an owner may."""
    with pytest.raises(PermissionDenied, match="needs the role editor; yours here is viewer"):
        visible_project(viewer, "shop", Role.EDITOR)
    assert visible_project(owner, "shop", Role.EDITOR) == project


def test_who_was_locked_out_sees_nothing(project: Project, viewer: User) -> None:
    """An inactive account has no projects, whatever its memberships say."""
    viewer.is_active = False

    with pytest.raises(Http404):
        visible_project(viewer, "shop")


@pytest.mark.parametrize("page", PAGES)
def test_an_outsider_finds_no_settings(
    project: Project, owner: User, outsider: User, page: str, signed_in: SignedIn
) -> None:
    """Neither to look at nor to change."""
    browser = signed_in(outsider)

    if page:
        assert browser.get(f"/p/shop/settings/{page}").status_code == 404
    assert browser.post(f"/p/shop/settings/{page}", {"name": "x", "typed": "Shop"}).status_code in {302, 404, 405}
    assert Project.objects.get(pk=project.pk).name == "Shop"


def test_an_owner_elsewhere_cannot_reach_in(project: Project, owner: User, outsider: User, signed_in: SignedIn) -> None:
    """A member's or key's number under one's own project does not open another's."""
    key, secret = keys.new_key(project, name="k", scopes=[Scope.READ], by=None)
    membership = Membership.objects.get(user=owner)
    browser = signed_in(outsider)

    for slug in ("shop", "elsewhere"):
        for path in (f"keys/{key.pk}/revoke/", f"members/{membership.pk}/remove/", f"members/{membership.pk}/invite/"):
            assert browser.post(f"/p/{slug}/settings/{path}").status_code == 404
        assert browser.post(f"/p/{slug}/settings/members/{membership.pk}/role/", {"role": "10"}).status_code == 404

    assert keys.find_key(secret) is not None
    assert Membership.objects.get(pk=membership.pk).role == Role.OWNER


def test_a_viewer_looks_and_changes_nothing(project: Project, viewer: User, signed_in: SignedIn) -> None:
    """Settings are shown without their forms; sending one anyway is refused, and the audit log is the owners'."""
    browser = signed_in(viewer)

    for page in ("project/", "members/", "keys/"):
        assert browser.get(f"/p/shop/settings/{page}").status_code == 200
        assert browser.post(f"/p/shop/settings/{page}", {"name": "x"}).status_code == 403
    assert browser.get("/p/shop/settings/audit/").status_code == 403
    assert browser.get("/settings/audit/").status_code == 403


def test_a_key_opens_its_own_project(project: Project, outsider: User) -> None:
    """Naming another project with it is 404, as is one that does not exist."""
    headers = bearer(project, Scope.READ)

    assert ask(headers).data == {"project": "shop"}
    assert ask(headers, query="?project=shop").status_code == 200
    assert ask(headers, query="?project=elsewhere").status_code == 404
    assert ask(headers, query="?project=no-such").status_code == 404


def test_a_key_does_what_its_scopes_say(project: Project) -> None:
    """Even the scope to administer does not include reading."""
    refused = ask(bearer(project, Scope.INGEST, Scope.ADMIN))

    assert refused.status_code == 403
    assert refused.data == {
        "error": {"code": "permission_denied", "message": "This key lacks the scope read.", "field": None}
    }


def test_no_key_and_a_wrong_key_are_401_with_the_way_in(project: Project) -> None:
    """In the API's error form, naming the scheme."""
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Digest x"}, {"x-api-key": "é"}):
        answer = ask(headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ECOA"'
        assert answer.data["error"]["code"] in {"not_authenticated", "authentication_failed"}


def test_a_key_comes_in_three_ways(project: Project) -> None:
    """As a bearer token, in x-api-key, or as the password of Basic auth."""
    secret = keys.new_key(project, name="k", scopes=[Scope.READ], by=None)[1]
    basic = base64.b64encode(f"pk-lf-x:{secret}".encode()).decode()

    for headers in ({"authorization": f"bearer {secret}"}, {"x-api-key": secret}, {"authorization": f"Basic {basic}"}):
        assert ask(headers).status_code == 200
    assert ask({"authorization": "Basic !!!"}).status_code == 401
