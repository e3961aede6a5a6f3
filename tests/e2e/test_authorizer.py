"""API Gateway asks the authorizer: by the emulator's REQUEST authorizers, with real API keys."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import boto3
import pytest

from infra.packaging.runtime_layer import build_tokens_layer
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import source_package
from lambdas.authorizer.settings import AuthorizerSettings
from lambdas.telemetry.settings import TelemetrySettings
from tests.e2e.cloud import Cloud, eventually

pytestmark = pytest.mark.e2e

# Longer than API Gateway remembers an answer.
REVOKED_WITHIN_S = 15


@pytest.fixture(scope="module")
def guarded(cloud: Cloud) -> Iterator[str]:
    """Address of an API before the local cloud's functions that asks for keys."""
    functions = boto3.client("lambda", **cloud.emulator.client_options)
    gateway = boto3.client("apigatewayv2", **cloud.emulator.client_options)
    (api,) = (
        f
        for f in functions.list_functions()["Functions"]
        if f["Handler"] == "lambdas.api.handler.lambda_handler"
    )
    variables = api["Environment"]["Variables"]
    settings = AuthorizerSettings(
        variables["VISIONFLOW_KEYS_TABLE"], "https://127.0.0.1:9/no-pool", "page"
    )
    code = source_package("lambdas", PROJECT / "lambdas", below="lambdas").path.read_bytes()
    tokens: Any = functions.publish_layer_version(
        LayerName="tokens", Content={"ZipFile": build_tokens_layer("host").path.read_bytes()}
    )
    authorizer: Any = functions.create_function(
        FunctionName="authorizer-of-the-test",
        Runtime=api["Runtime"],
        Role=api["Role"],
        Handler="lambdas.authorizer.handler.lambda_handler",
        Code={"ZipFile": code},
        Layers=[*(layer["Arn"] for layer in api["Layers"]), tokens["LayerVersionArn"]],
        Timeout=30,
        MemorySize=512,
        Environment={"Variables": settings.to_env() | TelemetrySettings("authorizer").to_env()},
    )
    api_id = gateway.create_api(Name="guarded", ProtocolType="HTTP")["ApiId"]
    region = cloud.outputs.region
    start = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions"
    made = gateway.create_authorizer(
        ApiId=api_id,
        Name="callers",
        AuthorizerType="REQUEST",
        AuthorizerUri=f"{start}/{authorizer['FunctionArn']}/invocations",
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        IdentitySource=["$request.header.Authorization"],
        AuthorizerResultTtlInSeconds=10,
    )
    integration = gateway.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=api["FunctionArn"],
        PayloadFormatVersion="2.0",
    )
    gateway.create_route(
        ApiId=api_id,
        RouteKey="$default",
        Target=f"integrations/{integration['IntegrationId']}",
        AuthorizationType="CUSTOM",
        AuthorizerId=made["AuthorizerId"],
    )
    gateway.create_stage(ApiId=api_id, StageName="$default", AutoDeploy=True)
    yield f"{cloud.outputs.endpoint_url}/_aws/execute-api/{api_id}/$default"
    gateway.delete_api(ApiId=api_id)
    functions.delete_function(FunctionName="authorizer-of-the-test")


def test_a_key_opens_its_routes_until_it_is_revoked(cloud: Cloud, guarded: str) -> None:
    def get(path: str, header: str | None) -> tuple[int, Any]:
        headers = {} if header is None else {"Authorization": header}
        request = urllib.request.Request(guarded + path, headers=headers)  # noqa: S310
        try:
            response = urllib.request.urlopen(request, timeout=60)  # noqa: S310
        except HTTPError as error:
            response = error
        with response:
            return response.status, json.loads(response.read())

    wanted = json.dumps({"name": "camera 7", "scopes": ["read"]}).encode()
    made = cloud.call("POST", "/keys", wanted, "application/json").body
    key = f"Bearer {made['key']}"

    assert get("/me", None) == (401, {"message": "Unauthorized"})
    assert get("/me", key[:-4] + "aaaa") == (403, {"message": "Forbidden"})
    status, me = get("/me", key)
    assert (status, me["id"], me["name"]) == (200, f"key:{made['prefix']}", "camera 7")
    status, refused = get("/keys", key)
    assert (status, refused["code"]) == (403, "forbidden")
    keys = cloud.call("GET", "/keys").body["items"]
    (listed,) = (key for key in keys if key["prefix"] == made["prefix"])
    assert listed["last_used_at"] is not None

    revoked = cloud.call("DELETE", f"/keys/{made['prefix']}").body
    assert revoked["revoked_at"] is not None

    def is_refused() -> bool | None:
        return True if get("/me", key) == (403, {"message": "Forbidden"}) else None

    eventually(is_refused, REVOKED_WITHIN_S, "a revoked key is refused")
