from collections.abc import Iterator

import pytest

from tests.unit.lambdas.aws.server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An endpoint, with the environment of a function that is to ask it."""
    with serving() as found:
        in_lambda(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
        yield found


def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps what it has read
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "predict")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
