"""A failure is a sentence with a code that does not change, whatever raised it."""

import json

import pytest
from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    LoginRefreshRequired,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from infra.cli.failures import sentence_of, tell
from infra.errors import CommandError
from training.errors import DatasetError
from visionflow.client.errors import ApiError, UnavailableError
from visionflow.errors import ConfigError

REFUSED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListBuckets")
EXPIRED = ClientError({"Error": {"Code": "ExpiredToken", "Message": "old"}}, "ListBuckets")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CommandError("Name a version."), "failed", "Name a version."),
        (ApiError("No. (404, model_not_found)", "model_not_found"), "model_not_found", "No"),
        (UnavailableError("It answered 500", "no_answer"), "no_answer", "It answered 500"),
        (ConfigError("epochs: above 0"), ConfigError.code, "epochs: above 0"),
        (ModuleNotFoundError(name="torch.nn"), "not_installed", "`make training` installs it"),
        (ModuleNotFoundError(name="botocore.config"), "not_installed", "`make up` installs it"),
        (FileNotFoundError(2, "No such file", "a.jpg"), "file", "a.jpg: No such file."),
        (REFUSED, "aws_refused", "AWS refused: "),
        (S3UploadFailedError("no"), "aws_refused", "AWS refused: no"),
        (EndpointConnectionError(endpoint_url="https://a"), "aws_unreachable", "cannot be reached"),
        (NoRegionError(), "no_region", "add --region"),
        (NoCredentialsError(), "aws_credentials", "aws configure"),
        (PartialCredentialsError(provider="env", cred_var="b"), "aws_credentials", "aws configure"),
        (ProfileNotFound(profile="team"), "aws_credentials", "aws configure"),
        (UnauthorizedSSOTokenError(), "aws_credentials", "aws sso login"),
        (TokenRetrievalError(provider="sso", error_msg="x"), "aws_credentials", "aws sso login"),
        (CredentialRetrievalError(provider="a", error_msg="x"), "aws_credentials", "sso login"),
        (LoginRefreshRequired(), "aws_credentials", "sign in again"),
        (EXPIRED, "aws_credentials", "aws sso login"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_a_user_can_heed_is_a_sentence(error: Exception, code: str, said: str) -> None:
    found = sentence_of(error)
    assert found is not None
    assert found[0] == code
    assert said in found[1]


def test_credentials_are_what_to_mend_whatever_lacked_them() -> None:
    error = DatasetError("s3://a/b: cannot be read from S3")
    error.__cause__ = NoCredentialsError()
    assert sentence_of(error) == sentence_of(NoCredentialsError())
    error.__cause__ = REFUSED
    assert sentence_of(error) == (error.code, str(error))


@pytest.mark.parametrize("error", [KeyError("a"), ModuleNotFoundError(name="infra.nothing")])
def test_a_fault_of_this_program_is_not_dressed_up(error: Exception) -> None:
    assert sentence_of(error) is None


def test_with_json_a_failure_is_one_line_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    tell("failed", "고양이\x1b[2J", as_json=True)
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err) == {"error": {"code": "failed", "message": "고양이\x1b[2J"}}
    assert said.err.rstrip("\n").isprintable()
