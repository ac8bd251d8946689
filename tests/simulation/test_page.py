"""The simulation's page: the last report as figures and charts, or how to make one."""

from __future__ import annotations

import pytest
from django.test import Client

from ecoa_web.accounts.models import Membership, Project, Role, User
from pipelines.simulation.report import Asked, Report, report
from pipelines.simulation.stored import store

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def made() -> Report:
    """A short report with everything that is quick to make."""
    return report(Asked(seeds=[1, 2], days=0.004))


@pytest.fixture
def viewer() -> Client:
    project = Project.objects.create(slug="shop", name="Shop")
    user = User.objects.create_user("vic@example.com", password="correct horse")
    Membership.objects.create(user=user, project=project, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    return client


def test_without_a_report_it_shows_the_command(viewer: Client) -> None:
    """A line to copy, not an empty chart."""
    page = viewer.get("/p/shop/simulation/").content.decode()

    assert "Nothing has been simulated yet" in page
    assert "manage.py simulate" in page
    assert "chart-course" not in page


def test_it_shows_the_last_report(viewer: Client, made: Report) -> None:
    """Both columns, the charts, the mix, and the sentences that keep it honest."""
    store({**made, "requests": 1})
    store(made)

    page = viewer.get("/p/shop/simulation/").content.decode()

    assert "Duplicate orders" in page
    assert 'id="chart-course"' in page
    assert 'id="chart-latency"' in page
    assert "Without a second provider the uptime gain is about zero" in page
    assert "answer is lost" in page
    assert "2 seeds, means with 95 % intervals" in page


def test_every_part_has_its_chart(viewer: Client, made: Report) -> None:
    """Ablation, sweep and claims are drawn when the report has them."""
    row = made["arms"]["naive"]
    one = made["by_seed"]["naive"][0]
    store(
        {
            **made,
            "ablation": {"seeds": [1], "rows": [{"name": "all of it", **row}, {"name": "naive chain", **row}]},
            "sweep": {"seed": 1, "rows": [{"factor": 1.0, "naive": one, "orchestrated": one, "no fallback": one}]},
            "claims": {
                "throughput": [{"share": 0.3, "without": 46.0, "with_breaker": 59.0}],
                "storms": [{"clients": 200, "room": 10, "jitter": "full", "calls": 516, "served": 200}],
                "timeouts": {"one_for_all": 23.4, "learned": 0.0025, "seconds": [1.0, 2.0]},
            },
        }
    )

    page = viewer.get("/p/shop/simulation/").content.decode()

    for chart in ("without-errors", "without-duplicates", "sweep", "throughput"):
        assert f'id="chart-{chart}"' in page
    assert "516" in page


def test_an_outsider_sees_nothing(viewer: Client) -> None:
    """A project that one is no member of is not there."""
    outsider = Client()
    outsider.force_login(User.objects.create_user("out@example.com", password="correct horse"))

    assert outsider.get("/p/shop/simulation/").status_code == 404
    assert Client().get("/p/shop/simulation/").status_code == 302
