"""Members: invited, changed, removed; a project keeps an owner, and lost rights end sessions."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ecoa_web.accounts.models import AuditEntry, Membership, Project, Role, User
from tests.accounts.conftest import SignedIn, make_member

MEMBERS = "/p/shop/settings/members/"


def test_somebody_with_an_account_is_added(project: Project, owner: User, outsider: User, signed_in: SignedIn) -> None:
    """Whatever the case of the letters; the project is theirs to see at once."""
    answer = signed_in(owner).post(MEMBERS, {"email": "OUT@example.com", "role": Role.EDITOR.value})

    assert answer.status_code == 302
    assert Membership.objects.get(user=outsider, project=project).role == Role.EDITOR
    entry = AuditEntry.objects.get(action="added the member")
    assert (entry.actor, entry.subject, entry.detail) == (owner, "out@example.com", {"role": "Editor"})


def test_somebody_new_gets_a_link_and_makes_their_account(
    project: Project, owner: User, admin: User, signed_in: SignedIn
) -> None:
    """The owner passes the link on; it works once; until then the account cannot be used."""
    made = signed_in(owner).post(MEMBERS, {"email": "new@example.com", "role": Role.VIEWER.value})
    link = urlsplit(made.context["link"]).path
    newcomer, password = Client(), "a long enough sentence"

    assert not User.objects.get(email="new@example.com").has_usable_password()
    assert "new@example.com" in newcomer.get(link).content.decode()
    assert newcomer.post(link, {"name": "New", "password": password}).status_code == 302
    assert newcomer.get(MEMBERS).status_code == 200
    assert Client().get(link).status_code == 410
    assert (
        Client()
        .post("/accounts/login/", {"login": "new@example.com", "password": "a long enough sentence"})
        .status_code
        == 302
    )


def test_a_new_link_ends_the_earlier_one(project: Project, owner: User, signed_in: SignedIn) -> None:
    """For who lost theirs, as long as they have not come in."""
    browser = signed_in(owner)
    first = urlsplit(browser.post(MEMBERS, {"email": "new@example.com", "role": "10"}).context["link"]).path
    membership = Membership.objects.get(user__email="new@example.com")

    second = urlsplit(browser.post(f"{MEMBERS}{membership.pk}/invite/").context["link"]).path

    assert Client().get(first).status_code == 410
    assert Client().get(second).status_code == 200


def test_a_link_is_not_made_for_an_account_in_use(
    project: Project, owner: User, viewer: User, outsider: User, signed_in: SignedIn
) -> None:
    """An owner must not take over the account of somebody who also is elsewhere."""
    viewer.set_password("a long enough sentence")
    viewer.save()
    used = Membership.objects.get(user=viewer)
    shared = Membership.objects.create(
        user=make_member(Project.objects.get(slug="elsewhere"), "both@example.com", role=Role.VIEWER),
        project=project,
        role=Role.VIEWER,
    )
    browser = signed_in(owner)

    for membership in (used, shared):
        assert browser.post(f"{MEMBERS}{membership.pk}/invite/").status_code == 403


def test_adding_a_member_twice_says_so(project: Project, owner: User, viewer: User, signed_in: SignedIn) -> None:
    """Beside the field; the role stays."""
    answer = signed_in(owner).post(MEMBERS, {"email": viewer.email, "role": Role.OWNER.value})

    assert answer.status_code == 200
    assert "member already" in answer.content.decode()
    assert Membership.objects.get(user=viewer).role == Role.VIEWER


def test_the_last_owner_stays(project: Project, owner: User, viewer: User, signed_in: SignedIn) -> None:
    """Neither removed nor made less, also by themselves, until there is another."""
    mine = Membership.objects.get(user=owner)
    browser = signed_in(owner)

    browser.post(f"{MEMBERS}{mine.pk}/remove/")
    browser.post(f"{MEMBERS}{mine.pk}/role/", {"role": Role.VIEWER.value})
    assert Membership.objects.get(pk=mine.pk).role == Role.OWNER

    browser.post(f"{MEMBERS}{Membership.objects.get(user=viewer).pk}/role/", {"role": Role.OWNER.value})
    browser.post(f"{MEMBERS}{mine.pk}/role/", {"role": Role.VIEWER.value})
    assert Membership.objects.get(pk=mine.pk).role == Role.VIEWER
    assert browser.get(MEMBERS).status_code == 200


def test_losing_rights_ends_sessions(project: Project, owner: User, viewer: User, signed_in: SignedIn) -> None:
    """A removed or lowered member has to sign in again; a raised one does not."""
    membership = Membership.objects.get(user=viewer)
    there, browser = signed_in(viewer), signed_in(owner)

    browser.post(f"{MEMBERS}{membership.pk}/role/", {"role": Role.EDITOR.value})
    assert there.get("/settings/profile/").status_code == 200
    browser.post(f"{MEMBERS}{membership.pk}/role/", {"role": Role.VIEWER.value})
    assert there.get("/settings/profile/").status_code == 302

    viewer.refresh_from_db()
    there = signed_in(viewer)
    browser.post(f"{MEMBERS}{membership.pk}/remove/")
    assert there.get("/settings/profile/").status_code == 302
    assert browser.get("/settings/profile/").status_code == 200


def test_removing_asks_first(project: Project, owner: User, viewer: User, signed_in: SignedIn) -> None:
    """Looking at the question removes nobody."""
    membership = Membership.objects.get(user=viewer)

    page = signed_in(owner).get(f"{MEMBERS}{membership.pk}/remove/")

    assert "Remove viewer@example.com?" in page.content.decode()
    assert Membership.objects.filter(pk=membership.pk).exists()


def test_the_members_page_asks_the_same_of_two_and_of_twenty(
    project: Project, owner: User, signed_in: SignedIn, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """Its queries do not grow with the members."""
    for number in range(20):
        make_member(project, f"m{number}@example.com", role=Role.VIEWER)
    User.objects.filter(email__startswith="m").update(password="argon2$used")

    browser = signed_in(owner)
    with django_assert_max_num_queries(10):
        assert browser.get(MEMBERS).status_code == 200
