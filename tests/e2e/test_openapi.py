"""The running API does what its own description says, to requests made from that description.

Every operation of the document is tried with what it allows and with what it does not, so a new
route is tried as soon as it is described.
"""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import Case
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.openapi.loaders import from_dict
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)

from infra.generators.openapi import OPENAPI_FILE
from lambdas.outcomes import STATUSES
from tests.e2e.cloud import Cloud

pytestmark = pytest.mark.e2e

Operation = APIOperation[Any, Any, Any, Any]

DOCUMENT = json.loads(OPENAPI_FILE.read_text(encoding="utf-8"))
# An operation without any input cannot be asked for anything that is not allowed.
OPERATIONS = [
    (path, method, mode)
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & operation.keys()
]
REQUESTS = 300  # in all, whatever the number of routes
RULES = ("/models/rule", "/models/promotion-rule")
CHECKS = [content_type_conformance, response_headers_conformance, response_schema_conformance]

# What a sender may be told; a 5xx is none of it, unless the operation itself announces one.
REFUSALS = {status for status in STATUSES.values() if status < HTTPStatus.INTERNAL_SERVER_ERROR}


@pytest.fixture(scope="module")
def operations(cloud: Cloud) -> Iterator[dict[tuple[str, str], Operation]]:
    """By path and method. Afterwards aliases and rules are what they were before."""
    served = cloud.call("GET", "/openapi.json").body
    assert served == DOCUMENT
    before = cloud.call("GET", "/models").body["aliases"]["production"]
    rules = {path: cloud.call("GET", path).body for path in RULES}
    schema = from_dict(served)
    schema.config.update(base_url=cloud.outputs.api_url)
    found = [result for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(found) == sum(map(len, DOCUMENT["paths"].values()))
    yield {(result.ok().path, result.ok().method): result.ok() for result in found}
    for path, rule in rules.items():
        cloud.call("POST", path, json.dumps(rule).encode(), "application/json")
    for alias in ("canary", "shadow"):
        cloud.call("DELETE", f"/models/{alias}")
    if cloud.call("GET", "/models").body["aliases"]["production"] != before:
        path = f"/models/{before['name']}/{before['version']}/promote"
        cloud.call("POST", path, b"{}", "application/json")


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_every_answer_is_one_that_the_description_has(
    path: str,
    method: str,
    mode: GenerationMode,
    operations: dict[tuple[str, str], Operation],
) -> None:
    operation = operations[path, method]

    @settings(
        max_examples=max(2, REQUESTS // len(OPERATIONS)),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Case[Any]) -> None:
        response = case.call()
        expected = {int(code) for code in operation.definition.raw["responses"] if code.isdigit()}
        asked = f"{case.as_curl_command()}\n{response.text}"
        assert response.status_code in expected | REFUSALS, asked
        case.validate_response(response, checks=CHECKS)

    ask()
