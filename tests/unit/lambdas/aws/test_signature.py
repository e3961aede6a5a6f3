"""Requests are signed as botocore signs them."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from lambdas.aws.credentials import Credentials
from lambdas.aws.signature import UNSIGNED, encoded, query_string, signed_headers

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
KEYS = ("uploads/a b+c~d.jpg", "고양이/ä&=?#%.png", "a//b/../c", "x" * 200, "(1)*'!,;:@$.jpg")


@pytest.mark.parametrize("token", [None, "session/token+=="])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("payload", [UNSIGNED, hashlib.sha256(b"body").hexdigest()])
def test_an_object_s_request_has_botocore_s_signature(
    monkeypatch: pytest.MonkeyPatch, key: str, token: str | None, payload: str
) -> None:
    query = {"versionId": "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY", "x": ""}
    headers = {
        "host": "images.s3.eu-central-1.amazonaws.com",
        "if-match": '"etag"',
        "x-amz-content-sha256": payload,
        "x-amz-meta-a": "  two   blanks ",
    }
    path = f"/{encoded(key, safe='/')}"
    ours = signed_headers(
        "GET", path, query, headers, payload, Credentials("AKID", "secret", token),
        ("eu-central-1", "s3"), NOW,
    )  # fmt: skip
    url = f"https://{headers['host']}{path}?{query_string(query)}"
    request = AWSRequest("GET", url, headers=dict(headers))
    request.context["timestamp"] = request.context["payload_signing_enabled"] = None
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW, raising=False)
    signer = botocore.auth.S3SigV4Auth(
        BotoCredentials("AKID", "secret", token), "s3", "eu-central-1"
    )
    monkeypatch.setattr(signer, "payload", lambda _: payload)
    signer.add_auth(request)
    assert ours["x-amz-date"] == request.headers["X-Amz-Date"]
    assert ours["authorization"] == request.headers["Authorization"]
    assert urlsplit(request.url).path == path


def test_a_call_of_dynamodb_has_botocore_s_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"TableName": "predictions"}'
    headers = {
        "host": "dynamodb.eu-central-1.amazonaws.com",
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.GetItem",
    }
    digest = hashlib.sha256(body).hexdigest()
    credentials = Credentials("AKID", "secret", "token")
    scope = ("eu-central-1", "dynamodb")
    ours = signed_headers("POST", "/", {}, headers, digest, credentials, scope, NOW)
    request = AWSRequest("POST", f"https://{headers['host']}/", headers=dict(headers), data=body)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: NOW, raising=False)
    known = BotoCredentials("AKID", "secret", "token")
    botocore.auth.SigV4Auth(known, "dynamodb", "eu-central-1").add_auth(request)
    assert ours["authorization"] == request.headers["Authorization"]
