"""Credentials under SnapStart, which expire."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdas.aws.credentials import CredentialSource
from lambdas.aws.errors import CredentialsError
from tests.unit.lambdas.aws.server import Reply, Server


class Clock:
    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> CredentialSource:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/credentials?a=1")
    return CredentialSource(clock, sleep=lambda _: None)


def given(key: str, until: float) -> Reply:
    end = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = {"AccessKeyId": key, "SecretAccessKey": "s", "Token": "t", "Expiration": end}
    return Reply(body=json.dumps(told).encode())


def test_they_are_renewed_a_quarter_of_an_hour_before_their_end(
    server: Server, source: CredentialSource, clock: Clock
) -> None:
    server.replies = [given("first", clock.now + 3600), given("second", clock.now + 7200)]
    assert (source.get().access_key, source.get().access_key) == ("first", "first")
    clock.now += 3600 - 16 * 60
    assert source.get().access_key == "first"
    clock.now += 120
    assert source.get().access_key == "second"
    assert [asked.target for asked in server.asked] == ["/credentials?a=1"] * 2


def test_those_that_are_good_for_some_minutes_more_bridge_a_failure(
    server: Server, source: CredentialSource, clock: Clock
) -> None:
    server.replies = [given("first", clock.now + 3600), *[Reply(500)] * 3]
    source.get()
    clock.now += 3600 - 10 * 60
    assert source.get().access_key == "first"
    assert source.get().access_key == "first"
    assert len(server.asked) == 4, "not asked again at once"
    clock.now += 11 * 60
    server.replies = [Reply(500)] * 3
    with pytest.raises(CredentialsError):
        source.get()


def test_the_token_file_is_read_each_time(
    server: Server,
    source: CredentialSource,
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "token"
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(file))
    for token in ("one", "two"):
        file.write_text(token)
        server.replies = [given(token, clock.now + 60)]
        source.get()
    assert [asked.headers["authorization"] for asked in server.asked] == ["one", "two"]


def test_the_environment_comes_first(
    server: Server, source: CredentialSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "given")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert source.get().access_key == "given"
    assert server.asked == []


@pytest.mark.parametrize("address", ["http://example.org/credentials", "ftp://127.0.0.1/"])
def test_strangers_are_not_asked(
    source: CredentialSource, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
    with pytest.raises(CredentialsError, match="not an address of Lambda"):
        source.get()
