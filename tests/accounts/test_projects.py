"""Projects: made by owners and administrators, renamed by owners, deleted by administrators who type the name."""

from __future__ import annotations

from ecoa_web.accounts import keys
from ecoa_web.accounts.models import AuditEntry, Membership, Project, Role, Scope, User
from tests.accounts.conftest import SignedIn


def test_an_owner_makes_a_project(project: Project, owner: User, signed_in: SignedIn) -> None:
    """Its address comes from its name; they own it."""
    browser = signed_in(owner)

    browser.post("/settings/projects/", {"name": "Loan approval (EU)"})
    browser.post("/settings/projects/", {"name": "Loan approval (EU)"})
    browser.post("/settings/projects/", {"name": "الطلبات"})

    made = Project.objects.exclude(pk=project.pk).order_by("pk")
    assert [one.slug for one in made] == ["loan-approval-eu", "loan-approval-eu-2", "project"]
    assert set(Membership.objects.filter(project__in=made).values_list("role", flat=True)) == {Role.OWNER}


def test_a_viewer_makes_no_project(project: Project, viewer: User, signed_in: SignedIn) -> None:
    """The form is not shown, and sending it is refused."""
    browser = signed_in(viewer)

    assert "New project" not in browser.get("/settings/projects/").content.decode()
    assert browser.post("/settings/projects/", {"name": "Mine"}).status_code == 403


def test_people_see_their_own_projects(project: Project, viewer: User, outsider: User, signed_in: SignedIn) -> None:
    """And not a word of the others."""
    page = signed_in(outsider).get("/settings/projects/").content.decode()

    assert "Elsewhere" in page
    assert "Shop" not in page


def test_renaming_keeps_the_address(project: Project, owner: User, signed_in: SignedIn) -> None:
    """The log keeps the name it had."""
    answer = signed_in(owner).post("/p/shop/settings/project/", {"name": "Web shop"})

    assert answer.headers["Location"] == "/p/shop/settings/project/"
    assert Project.objects.get(slug="shop").name == "Web shop"
    assert AuditEntry.objects.get(action="renamed the project").detail == {"before": "Shop"}


def test_an_empty_name_is_refused(project: Project, owner: User, signed_in: SignedIn) -> None:
    """Beside the field."""
    answer = signed_in(owner).post("/p/shop/settings/project/", {"name": "  "})

    assert answer.status_code == 200
    assert Project.objects.get(slug="shop").name == "Shop"


def test_deleting_takes_an_administrator_and_the_name(
    project: Project, owner: User, admin: User, signed_in: SignedIn
) -> None:
    """Keys of it stop working; the log keeps that it was there."""
    secret = keys.new_key(project, name="k", scopes=[Scope.READ], by=owner)[1]

    assert signed_in(owner).post("/p/shop/settings/project/delete/", {"typed": "Shop"}).status_code == 403
    assert signed_in(admin).post("/p/shop/settings/project/delete/", {"typed": "shop"}).status_code == 200
    assert Project.objects.filter(slug="shop").exists()
    assert signed_in(admin).post("/p/shop/settings/project/delete/", {"typed": "Shop"}).status_code == 302

    assert not Project.objects.filter(slug="shop").exists()
    assert keys.find_key(secret) is None
    assert AuditEntry.objects.filter(action="deleted the project", subject="Shop").exists()


def test_names_are_text(project: Project, owner: User, signed_in: SignedIn) -> None:
    """Markup in a name is shown, not run."""
    Project.objects.filter(pk=project.pk).update(name="<script>alert(1)</script>")
    browser = signed_in(owner)

    for page in ("/settings/projects/", "/p/shop/settings/project/", "/p/shop/settings/keys/"):
        text = browser.get(page).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
