"""How long, and of how many, the user pool's answers are remembered."""

from typing import Any

import boto3
import pytest

from lambdas.authorizer.people import MOST_REMEMBERED, REMEMBERED_S, People
from lambdas.authorizer.tokens import Token


class Pool:
    """A user pool that answers every token, and counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.now = 0.0
        client = boto3.client("cognito-idp", region_name="eu-central-1")
        monkeypatch.setattr(client, "get_user", self.get_user)
        self.people = People(client, lambda: self.now)

    def get_user(self, AccessToken: str) -> dict[str, Any]:  # noqa: N803  as boto3 has it
        self.asked.append(AccessToken)
        return {"Username": "somebody", "UserAttributes": [{"Name": "sub", "Value": "1"}]}

    def see(self, token: str) -> None:
        self.people.holder(Token(token, token, "1", "somebody", ()))


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    return Pool(monkeypatch)


def test_the_pool_is_asked_once_a_minute_about_each_token(pool: Pool) -> None:
    for token in ("a", "b", "a"):
        pool.see(token)
    assert pool.asked == ["a", "b"]
    pool.now = REMEMBERED_S
    pool.see("a")
    assert pool.asked == ["a", "b", "a"]


def test_memory_is_bounded_and_the_oldest_is_asked_about_again(pool: Pool) -> None:
    for number in range(MOST_REMEMBERED + 1):
        pool.see(str(number))
    pool.see(str(MOST_REMEMBERED))
    assert len(pool.asked) == MOST_REMEMBERED + 1
    pool.see("0")
    assert pool.asked[-1] == "0"
