"""What a removed ``prod`` has kept, and how a deployment takes it back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import ANY, Stubber

from infra.cli import main
from infra.cli.account.adoption import planned, take_back
from infra.cli.account.causes import REMEDIES, causes_of
from infra.cli.account.kept import BUCKET, TABLE, USER_POOL, Kept, kept_of
from infra.cli.account.region import Place
from infra.errors import CommandError
from infra.packaging.workspace import Workspace
from tests.unit.infra.cli.account.doctor.answers import ACCOUNT, REGION, Answers, bucket, stack

DATA, SERVICE = "VisionFlow-Prod-Data", "VisionFlow-Prod-Service"
IMAGES = Kept(DATA, BUCKET, "visionflow-prod-data-images2d38c313-k3x")
LOGS = Kept(DATA, BUCKET, "visionflow-prod-data-accesslogs8b620eca-k3x")
KEYS = Kept(DATA, TABLE, "VisionFlow-Prod-Data-Keys4E30B592-A1B2")
USERS = Kept(SERVICE, USER_POOL, "ap-northeast-2_AbC")
TEMPLATE: dict[str, Any] = {
    "Parameters": {"BootstrapVersion": {"Type": "String"}},
    "Resources": {
        "Images2D38C313": {
            "Type": BUCKET,
            "DependsOn": ["Policy"],
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "VersioningConfiguration": {"Status": "Enabled"},
                "LoggingConfiguration": {"DestinationBucketName": {"Ref": "AccessLogs8B620ECA"}},
                "NotificationConfiguration": {
                    "QueueConfigurations": [{"Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}]
                },
                "CorsConfiguration": {"AllowedOrigins": [{"Fn::ImportValue": "Page"}]},
                "Tags": [{"Key": "region", "Value": {"Ref": "AWS::Region"}}],
            },
        },
        "AccessLogs8B620ECA": {"Type": BUCKET, "Properties": {}},
        "Keys4E30B592": {"Type": TABLE, "Properties": {"BillingMode": "PAY_PER_REQUEST"}},
        "Queue": {"Type": "AWS::SQS::Queue"},
    },
}


def found(given: dict[str, Any], deployed: set[str]) -> tuple[Kept, ...]:
    session = Answers(given).session()
    make: Any = session.client
    return kept_of(make, "Prod", deployed)


LEFT: dict[str, Any] = {
    "ListBuckets": {
        "Buckets": [bucket(IMAGES.name), bucket("visionflow-dev-data-images1-x"), bucket("other")]
    },
    "ListTables": {"TableNames": [KEYS.name, "VisionFlow-Dev-Data-Keys1-X", "other"]},
    "GetResources": {
        "ResourceTagMappingList": [
            {"ResourceARN": f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{USERS.name}"}
        ]
    },
}


@pytest.mark.parametrize(
    ("deployed", "wanted"),
    [
        (set(), (IMAGES, KEYS, USERS)),
        ({DATA}, (USERS,)),
        ({SERVICE}, (IMAGES, KEYS)),
        ({DATA, SERVICE}, ()),
        ({"VisionFlow-Dev-Data"}, (IMAGES, KEYS, USERS)),
    ],
)
def test_what_has_a_stack_is_not_kept(deployed: set[str], wanted: tuple[Kept, ...]) -> None:
    assert found(LEFT, deployed) == wanted


def test_a_kept_resource_is_imported_without_what_it_refers_to() -> None:
    plan = planned(DATA, TEMPLATE, (IMAGES, LOGS, KEYS, USERS))
    resources = plan.template["Resources"]
    assert set(plan.template) == {"Resources"}
    assert set(resources) == {"Images2D38C313", "AccessLogs8B620ECA", "Keys4E30B592"}
    assert {one["DeletionPolicy"] for one in resources.values()} == {"Retain"}
    images = resources["Images2D38C313"]
    assert set(images) == {"Type", "DeletionPolicy", "Properties"}
    assert set(images["Properties"]) == {"VersioningConfiguration", "LoggingConfiguration", "Tags"}
    assert resources["Keys4E30B592"]["Properties"] == {"BillingMode": "PAY_PER_REQUEST"}
    identifiers = {one["LogicalResourceId"]: one["ResourceIdentifier"] for one in plan.resources}
    assert identifiers["Images2D38C313"] == {"BucketName": IMAGES.name}
    assert identifiers["Keys4E30B592"] == {"TableName": KEYS.name}


def test_a_reference_to_what_was_not_kept_goes_too() -> None:
    plan = planned(DATA, TEMPLATE, (IMAGES,))
    properties = plan.template["Resources"]["Images2D38C313"]["Properties"]
    assert "LoggingConfiguration" not in properties


def test_the_user_pool_is_found_by_its_type() -> None:
    template = {
        "Resources": {"Users1": {"Type": USER_POOL, "Properties": {"UserPoolTier": "LITE"}}}
    }
    plan = planned(SERVICE, template, (IMAGES, USERS))
    assert plan.resources[0]["ResourceIdentifier"] == {"UserPoolId": USERS.name}
    assert plan.left == ()


def test_what_the_template_does_not_have_any_more_is_left() -> None:
    old = Kept(DATA, TABLE, "VisionFlow-Prod-Data-Gone12345678-A1B2")
    plan = planned(DATA, TEMPLATE, (KEYS, old))
    assert plan.left == (old,)
    assert len(plan.resources) == 1


def test_two_that_could_be_the_same_are_not_guessed() -> None:
    other = Kept(DATA, TABLE, "VisionFlow-Prod-Data-Keys4E30B592-ZZZZ")
    with pytest.raises(CommandError, match=f"{KEYS.name} and {other.name}"):
        planned(DATA, TEMPLATE, (KEYS, other))


@pytest.mark.parametrize("failed", [False, True])
def test_the_import_is_a_change_set_that_is_waited_for(
    failed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, said = planned(DATA, TEMPLATE, (KEYS,)), list[str]()
    client = boto3.client("cloudformation", region_name="ap-northeast-2")
    with Stubber(client) as stub:
        stub.add_response(
            "create_change_set",
            {"Id": "arn:aws:cloudformation:a:1:changeSet/a"},
            {
                "StackName": DATA,
                "ChangeSetName": ANY,
                "ChangeSetType": "IMPORT",
                "TemplateBody": json.dumps(plan.template),
                "ResourcesToImport": list(plan.resources),
            },
        )
        if failed:
            status = {"Status": "FAILED", "StatusReason": "Keys is in another stack"}
            stub.add_response("describe_change_set", status)
            with pytest.raises(CommandError, match=r"Keys is in another stack\. Nothing is lost"):
                take_back(client, plan, said.append)
            return
        stub.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
        stub.add_response("execute_change_set", {}, {"StackName": DATA, "ChangeSetName": ANY})
        imported = {**stack(DATA, "IMPORT_COMPLETE"), "CreationTime": datetime.now(UTC)}
        stub.add_response("describe_stacks", {"Stacks": [imported]}, {"StackName": DATA})
        take_back(client, plan, said.append)
        stub.assert_no_pending_responses()
    assert said == [f"{DATA} has 1 kept resources again: Keys4E30B592"]


@pytest.fixture
def deploying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What a deployment does; the account has what prod has kept."""
    session = Answers({**LEFT, "DescribeStacks": {"Stacks": []}}).session()
    done: list[Any] = []
    monkeypatch.setattr("infra.cli.cloud.boto3.client", session.client)
    monkeypatch.setattr("infra.cli.cloud.place", lambda: Place(ACCOUNT, REGION, "me"))
    monkeypatch.setattr("infra.cli.cloud.DEFAULT_STATE", tmp_path / "state")
    monkeypatch.setattr("infra.cli.cloud.doctor.require", lambda *_: done.append("looked"))
    for tool in ("require_node", "cdk_cli", "dashboard"):
        monkeypatch.setattr(f"infra.cli.cloud.toolchain.{tool}", lambda *_: tmp_path)
    monkeypatch.setattr(Workspace, "built", tmp_path / "built")
    (tmp_path / f"{DATA}.template.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / f"{SERVICE}.template.json").write_text(
        json.dumps({"Resources": {"Users": {"Type": USER_POOL}}})
    )
    monkeypatch.setattr("infra.cli.cloud.synthesize_on_aws", lambda *_: tmp_path)
    monkeypatch.setattr("infra.cli.cloud.run_on_aws", lambda *a: done.append(("deployed", a[3])))
    monkeypatch.setattr(
        "infra.cli.cloud.take_back", lambda _, plan, __: done.append(("took", plan.stack))
    )
    return done


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("--stage", "prod"), ["looked"]),
        (("--stage", "prod", "--kept-data", "leave"), ["looked", ("deployed", "prod")]),
        (
            ("--stage", "prod", "--kept-data", "adopt"),
            ["looked", ("took", DATA), ("took", SERVICE), ("deployed", "prod")],
        ),
        (("--stage", "dev"), ["looked", ("deployed", "dev")]),
    ],
)
def test_a_deployment_asks_what_to_do_with_kept_data(
    arguments: tuple[str, ...],
    wanted: list[Any],
    deploying: list[Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And before anything was changed; only prod keeps any."""
    code = main.main(["deploy", *arguments])
    assert deploying == wanted
    assert code == (1 if wanted == ["looked"] else 0)
    said = capsys.readouterr().err
    if code:
        assert IMAGES.name in said
        assert "--kept-data adopt" in said
        assert "--kept-data leave" in said


@pytest.mark.parametrize(("command", "said"), [("deploy", "sign in first"), ("destroy", "locate")])
def test_a_deployment_without_credentials_says_what_to_do(
    command: str,
    said: str,
    deploying: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def nobody() -> Place:
        raise NoCredentialsError

    def require(*_: object) -> None:
        raise CommandError("sign in first")

    monkeypatch.setattr("infra.cli.cloud.place", nobody)
    monkeypatch.setattr("infra.cli.cloud.doctor.require", require)
    assert main.main([command, "--stage", "dev"]) == 1
    assert said in capsys.readouterr().err
    assert deploying == []


NOW = datetime(2030, 1, 1, tzinfo=UTC)


def event(reason: str, status: str = "CREATE_FAILED", at: datetime = NOW) -> dict[str, Any]:
    return {
        "StackId": "id",
        "EventId": "e",
        "StackName": "VisionFlow-Dev-Dashboard",
        "LogicalResourceId": "Page",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "Timestamp": at,
    }


def causes(events: list[dict[str, Any]]) -> tuple[str, ...]:
    given = {
        "DescribeStacks": {"Stacks": [stack("VisionFlow-Dev-Dashboard", "ROLLBACK_COMPLETE")]},
        "DescribeStackEvents": {"StackEvents": events},
    }
    client = Answers(given).session().client("cloudformation")
    return causes_of(client, "VisionFlow-Dev-", NOW - timedelta(minutes=1))


@pytest.mark.parametrize("part", REMEDIES)
def test_a_known_reason_of_a_failed_deployment_comes_with_its_remedy(part: str) -> None:
    found = causes([event(f"Resource handler returned message: x {part} y (AccessDenied)")])
    assert found[0].startswith("VisionFlow-Dev-Dashboard/Page: Resource handler")
    assert found[1] == f"To do: {REMEDIES[part]}"


def test_only_what_failed_in_this_deployment_is_a_cause() -> None:
    found = causes(
        [
            event("Resource creation cancelled"),
            event("done", "CREATE_COMPLETE"),
            event("long ago", at=NOW - timedelta(days=1)),
            event("second"),
            event("first"),
            event("first"),
        ]
    )
    assert found == (
        "VisionFlow-Dev-Dashboard/Page: first",
        "VisionFlow-Dev-Dashboard/Page: second",
    )


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling"])
def test_a_failed_deployment_stays_one_where_its_causes_cannot_be_read(code: str) -> None:
    client = Answers({"DescribeStacks": code}).session().client("cloudformation")
    assert causes_of(client, "VisionFlow-Dev-", NOW) == ()


def test_a_lost_connection_hides_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(_: object) -> dict[str, str]:
        raise EndpointConnectionError(endpoint_url="https://cloudformation")

    monkeypatch.setattr("infra.cli.account.causes.stacks", lost)
    assert causes_of(None, "VisionFlow-Dev-", NOW) == ()
