"""While PostgreSQL is away the API says so, and the first answer after its return is right."""

from __future__ import annotations

import json
from urllib.error import HTTPError

import pytest

from bench.kills import kill, wait_until
from bench.stack import Stack


@pytest.mark.stack
@pytest.mark.slow
def test_the_api_answers_503_while_the_database_is_away(stack: Stack) -> None:
    """Each in the API's form with a time to wait, none is a 500; and after the first answer all are answered."""
    stack.ledger()  # there is a connection to lose
    kill(stack.parts()["postgres"])

    refused: list[HTTPError] = []

    def answers() -> bool:
        try:
            stack.ledger()
        except HTTPError as error:
            refused.append(error)
            return False
        return True

    wait_until(answers)
    assert [answers() for _ in range(20)] == [True] * 20

    assert {error.code for error in refused} <= {503}
    for error in refused:
        assert json.load(error)["error"]["code"] == "unavailable"
        assert int(error.headers["Retry-After"]) > 0
