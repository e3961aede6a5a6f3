"""HEAD is answered as GET is, without a body; a long answer of the API may be compressed."""

import base64
import gzip
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from lambdas.api.resolver import COMPRESSED_FROM, ApiResolver, in_powertools
from lambdas.aws.errors import ClientError
from lambdas.web.http import Response
from lambdas.web.resolver import Resolver, json_response
from lambdas.web.routes import HEAD

Ask = Callable[[str, str], dict[str, Any]]


def health() -> Response:
    return json_response({"status": "고양이"}, headers={"Cache-Control": "max-age=10"})


def predict() -> Response:
    return json_response({})


def models() -> Response:
    return json_response({"labels": ["고양이"] * COMPRESSED_FROM})


def api() -> Callable[[dict[str, Any]], dict[str, Any]]:
    app = ApiResolver()
    app.route("/health", method="GET")(lambda: in_powertools(health()))
    app.route("/predict", method="POST")(lambda: in_powertools(predict()))
    app.route("/models", method="GET")(lambda: in_powertools(models()))
    return lambda event: app.resolve(event, None)


def own() -> Callable[[dict[str, Any]], dict[str, Any]]:
    app = Resolver()
    app.add("GET", "/health")(lambda _: health())
    app.add("POST", "/predict")(lambda _: predict())
    return app.resolve


@pytest.fixture(params=[api, own])
def ask(request: pytest.FixtureRequest) -> Ask:
    return partial(_ask, request.param())


def _ask(
    resolve: Callable[[dict[str, Any]], dict[str, Any]],
    method: str,
    path: str,
    encodings: str | None = None,
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "headers": {} if encodings is None else {"accept-encoding": encodings},
        "requestContext": {"requestId": "1", "stage": "$default", "http": {"method": method}},
    }
    event["requestContext"]["http"]["path"] = path
    return resolve(event)


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/nowhere", 404)])
def test_head_has_the_headers_of_get_and_no_body(ask: Ask, path: str, status: int) -> None:
    got, head = ask("GET", path), ask(HEAD, path)
    assert (got["statusCode"], head["statusCode"]) == (status, status)
    assert head["body"] == ""
    assert head["headers"].pop("Content-Length") == str(len(got["body"].encode()))
    assert head["headers"] == got["headers"]


def test_what_has_no_get_has_no_head(ask: Ask) -> None:
    refused = ask(HEAD, "/predict")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "POST")


def test_a_refused_method_is_told_that_head_is_taken(ask: Ask) -> None:
    refused = ask("POST", "/health")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "GET, HEAD")
    assert json.loads(refused["body"])["code"] == "method_not_allowed"


@pytest.mark.parametrize("encodings", ["gzip", "gzip, deflate, br, zstd", "br, GZIP ; q=0.5"])
def test_a_long_answer_is_compressed_for_who_takes_it(encodings: str) -> None:
    got = _ask(api(), "GET", "/models", encodings)
    body = base64.b64decode(got["body"])
    assert got["isBase64Encoded"] and got["headers"]["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(body)) == json.loads(models().body)
    assert len(body) < len(models().body) / 10
    head = _ask(api(), HEAD, "/models", encodings)
    assert (head["body"], head["isBase64Encoded"]) == ("", False)
    assert head["headers"] == got["headers"] | {"Content-Length": str(len(body))}


@pytest.mark.parametrize(
    ("path", "encodings"),
    [
        *(("/models", None), ("/models", "br"), ("/health", "gzip")),
        *(("/models", "br, gzip;q=0"), ("/models", "gzip; q=0.000"), ("/models", "not-gzip")),
    ],
)
def test_other_answers_are_not_compressed(path: str, encodings: str | None) -> None:
    got = _ask(api(), "GET", path, encodings)
    assert not got["isBase64Encoded"] and "Content-Encoding" not in got["headers"]
    json.loads(got["body"])
    # A cache between must not hand one caller's form to another.
    assert ("Vary" in got["headers"]) == (path == "/models")


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (429, "ANewNameForTooMany", 503),
        (408, "ANewNameForTooLate", 503),
        (529, "ANewNameForOverloaded", 503),
        (400, "ThrottlingException", 503),
        (400, "RequestTimeout", 503),
        (400, "TooManyRequestsException", 503),
        (400, "ValidationException", 500),
        (403, "AccessDenied", 500),
        (409, "ANewNameForAConflict", 500),
    ],
)
def test_what_may_pass_is_told_by_the_status_where_the_code_is_new(
    status: int, code: str, told: int
) -> None:
    app = Resolver()

    @app.add("GET", "/health")
    def fail(_: object) -> Response:
        metadata = {"ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError({"Error": {"Code": code, "Message": ""}, **metadata}, "GetItem")

    answered = _ask(app.resolve, "GET", "/health")
    assert answered["statusCode"] == told
