"""HEAD is answered as GET is, without a body."""

import json
from typing import Any

import pytest

from lambdas.web.http import HttpEvent, Response
from lambdas.web.resolver import Resolver, json_response
from lambdas.web.routes import HEAD


def ask(method: str, path: str) -> dict[str, Any]:
    app = Resolver()

    @app.add("GET", "/health")
    def health(_: HttpEvent) -> Response:
        return json_response({"status": "고양이"}, headers={"Cache-Control": "max-age=10"})

    @app.add("POST", "/predict")
    def predict(_: HttpEvent) -> Response:
        return json_response({})

    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "headers": {},
        "requestContext": {"requestId": "1", "stage": "$default", "http": {"method": method}},
    }
    event["requestContext"]["http"]["path"] = path
    return app.resolve(event)


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/nowhere", 404)])
def test_head_has_the_headers_of_get_and_no_body(path: str, status: int) -> None:
    got, head = ask("GET", path), ask(HEAD, path)
    assert (got["statusCode"], head["statusCode"]) == (status, status)
    assert head["body"] == ""
    assert head["headers"].pop("Content-Length") == str(len(got["body"].encode()))
    assert head["headers"] == got["headers"]


def test_what_has_no_get_has_no_head() -> None:
    refused = ask(HEAD, "/predict")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "POST")


def test_a_refused_method_is_told_that_head_is_taken() -> None:
    refused = ask("POST", "/health")
    assert (refused["statusCode"], refused["headers"]["Allow"]) == (405, "GET, HEAD")
    assert json.loads(refused["body"])["code"] == "method_not_allowed"
