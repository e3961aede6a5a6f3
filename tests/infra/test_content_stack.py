"""What a deploy brings along: the page and the first model."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3

from infra.constructs.content.aws_caller import AwsCaller
from infra.constructs.content.file_copier import FileCopier
from infra.constructs.content.starter_model import StarterModel
from infra.stages import DEV
from lambdas.web.routes import ROUTES
from tests.infra.conftest import Resource, Templates
from tests.tiny_model import write_tiny_run
from visionflow.errors import GateError

COPY = "Custom::CDKBucketDeployment"
CALL = "Custom::AWS"


def test_the_manifest_is_copied_last(on_aws: Templates) -> None:
    copies = on_aws.resources(COPY, "Content")
    files, manifest = _named(copies, "StarterModelFiles"), _named(copies, "StarterModelManifest")
    assert files["Properties"]["Exclude"] == ["manifest.json"]
    assert manifest["Properties"]["Include"] == ["manifest.json"]
    assert _follows(manifest, "StarterModelFiles")
    for copy in (files, manifest):
        assert copy["Properties"]["DestinationBucketKeyPrefix"] == "models/tiny/1/"
        assert copy["Properties"]["Prune"] is False


def test_the_model_is_registered_when_it_is_whole(on_aws: Templates) -> None:
    calls = on_aws.resources(CALL, "Content")
    register = _named(calls, "StarterModelRegister")
    assert _follows(register, "StarterModelManifest")
    call = _call(on_aws, register)
    assert call["action"] == "PutItem"
    assert call["parameters"]["TableName"] == "Registry"
    assert call["parameters"]["Item"]["pk"] == {"S": "VERSIONS"}
    assert call["parameters"]["Item"]["sk"] == {"S": "tiny#1"}
    # A deploy does not restore a retired version.
    assert call["parameters"]["ConditionExpression"] == "attribute_not_exists(pk)"
    assert call["ignoreErrorCodesMatching"] == "ConditionalCheckFailedException"


def test_a_model_that_its_gate_holds_back_is_not_deployed(tmp_path: Path) -> None:
    stack = Stack(App(), "Stack")
    with pytest.raises(GateError):
        StarterModel(
            stack,
            "StarterModel",
            artifact=write_tiny_run(tmp_path, gate=()),
            models=s3.Bucket(stack, "Models"),
            registry=dynamodb.Table.from_table_name(stack, "Registry", "registry"),
            copier=FileCopier(stack, "Copier", stage=DEV),
            caller=AwsCaller(stack, "Caller", stage=DEV),
        )


def test_a_deploy_never_replaces_a_promoted_model(on_aws: Templates) -> None:
    activate = _named(on_aws.resources(CALL, "Content"), "StarterModelActivateFirst")
    assert _follows(activate, "StarterModelRegister")
    call = _call(on_aws, activate)
    assert call["action"] == "TransactWriteItems"
    first, *others = (item["Put"] for item in call["parameters"]["TransactItems"])
    assert first["Item"]["pk"] == {"S": "ALIASES"}
    assert first["Item"]["sk"] == {"S": "CURRENT"}
    assert first["ConditionExpression"] == "attribute_not_exists(pk)"
    (move,) = others
    assert move["Item"]["pk"] == {"S": "HISTORY"}
    assert move["Item"]["sk"]["S"].endswith("#production")
    assert call["ignoreErrorCodesMatching"] == "TransactionCanceledException"


def test_only_the_dashboard_may_call_from_a_browser(on_aws: Templates) -> None:
    call = _call(on_aws, _named(on_aws.resources(CALL, "Content"), "PageOriginCors"))
    assert (call["service"], call["action"]) == ("ApiGatewayV2", "UpdateApi")
    assert call["parameters"]["ApiId"] == "HttpApi"
    cors = call["parameters"]["CorsConfiguration"]
    assert cors["AllowOrigins"] == ["https://DashboardDistribution"]
    assert set(cors["AllowMethods"]) == {"HEAD", *(route.method for route in ROUTES)}
    assert set(cors["AllowHeaders"]) == {"authorization", "content-type", "idempotency-key"}


def test_all_calls_share_a_function_whose_role_may_make_each(on_aws: Templates) -> None:
    """CDK makes one function for them, and takes the role of the first."""
    (policy,) = (
        policy["PolicyDocument"]["Statement"]
        for policy in on_aws.properties("AWS::IAM::Policy", "Content").values()
        if [on_aws.text(role) for role in policy["Roles"]] == ["CallerRole"]
    )
    granted = {(s["Action"], on_aws.text(s["Resource"])) for s in policy[1:]}
    api = "arn:AWS::Partition:apigateway:AWS::Region::/apis/HttpApi"
    assert granted == {("apigateway:PATCH", api), ("dynamodb:PutItem", "Registry")}
    (function,) = (
        f for n, f in on_aws.properties("AWS::Lambda::Function").items() if n.startswith("AWS679f")
    )
    assert on_aws.text(function["Role"]) == "CallerRole"


def test_a_deploy_does_not_wait_for_the_edges(on_aws: Templates) -> None:
    page = _named(on_aws.resources(COPY, "Content"), "DashboardFilesPage")
    assert page["Properties"]["WaitForDistributionInvalidation"] is False


def test_one_function_with_enough_memory_copies_all_files(on_aws: Templates) -> None:
    """128 MB do not unpack the page's files."""
    copies = on_aws.properties(COPY, "Content").values()
    (name,) = {on_aws.text(copy["ServiceToken"]) for copy in copies}
    assert on_aws.properties("AWS::Lambda::Function", "Content")[name]["MemorySize"] >= 512


def test_the_page_is_copied_after_what_it_names(on_aws: Templates) -> None:
    copies = on_aws.resources(COPY, "Content")
    assets, page = _named(copies, "DashboardFilesAssets"), _named(copies, "DashboardFilesPage")
    assert assets["Properties"]["Include"] == ["assets/*", "engine/*"]
    assert page["Properties"]["Exclude"] == ["assets/*", "engine/*"]
    assert "immutable" in assets["Properties"]["SystemMetadata"]["cache-control"]
    assert page["Properties"]["SystemMetadata"]["cache-control"] == "no-cache"
    assert _follows(page, "DashboardFilesAssets")
    assert on_aws.text(page["Properties"]["DistributionId"]) == "DashboardDistribution"


def test_the_page_gets_the_addresses_of_api_and_sign_in(on_aws: Templates) -> None:
    page = _named(on_aws.resources(COPY, "Content"), "DashboardFilesPage")
    filled_in = {
        json.loads(on_aws.text(value))
        for source in page["Properties"]["SourceMarkers"]
        for value in source.values()
    }
    assert {"HttpApi", "SignInUsers", "SignInUsersDashboard", "AWS::Region"} <= filled_in


def test_the_local_cloud_needs_no_custom_resource(local: Templates) -> None:
    assert not {kind for kind in local.kinds() if "Custom" in kind}
    assert "Content" not in local.stacks


def _named(resources: dict[str, Resource], prefix: str) -> Resource:
    (found,) = (resource for name, resource in resources.items() if name.startswith(prefix))
    return found


def _follows(resource: Resource, prefix: str) -> bool:
    return any(dependency.startswith(prefix) for dependency in resource["DependsOn"])


def _call(templates: Templates, resource: Resource) -> Resource:
    """The SDK call, which the template holds as JSON text around references."""
    create, update = resource["Properties"]["Create"], resource["Properties"]["Update"]
    assert create == update
    call: Resource = json.loads(templates.text(create))
    return call
