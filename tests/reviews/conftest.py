"""A project whose runs wait for people, in a database that really commits."""

from __future__ import annotations

import pytest

from ecoa_web.accounts.models import Project


@pytest.fixture
def project(transactional_db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop")
