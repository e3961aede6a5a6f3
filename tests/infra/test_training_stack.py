"""Training on rented machines: a closed network, and each machine its own folder and row."""

import base64
import fnmatch
import json
from typing import Any

import pytest

from infra.constructs.training_job.definition import DEFINITION
from lambdas.jobs.machines import JOB_TAG
from lambdas.jobs.settings import JobsSettings
from lambdas.publish.settings import PublishSettings
from tests.infra.conftest import Resource, Templates
from visionflow.models.gate import GateLimits
from visionflow.strict import parse_json

TEMPLATE = "AWS::EC2::LaunchTemplate"
STACK = "Training"


def launch_template(templates: Templates) -> Resource:
    (found,) = templates.properties(TEMPLATE, STACK).values()
    data: Resource = found["LaunchTemplateData"]
    return data


def statements(templates: Templates, role: str) -> list[Resource]:
    """Of every policy that is attached to `role`, resources as text."""
    found = []
    for policy in templates.properties("AWS::IAM::Policy", STACK).values():
        if role not in {templates.text(name) for name in policy["Roles"]}:
            continue
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, resources = statement["Action"], statement["Resource"]
            found.append(
                {
                    "Action": actions if isinstance(actions, list) else [actions],
                    "Resource": [
                        templates.text(resource)
                        for resource in (resources if isinstance(resources, list) else [resources])
                    ],
                    "Condition": statement.get("Condition", {}),
                }
            )
    return found


def test_a_machine_asks_for_metadata_with_a_token_and_for_itself_alone(
    templates: Templates,
) -> None:
    options = launch_template(templates)["MetadataOptions"]
    assert options["HttpTokens"] == "required"
    assert options["HttpPutResponseHopLimit"] == 1
    assert options["InstanceMetadataTags"] == "enabled"


def test_a_machine_that_shuts_down_is_gone_with_its_encrypted_volume(
    templates: Templates,
) -> None:
    data = launch_template(templates)
    assert data["InstanceInitiatedShutdownBehavior"] == "terminate"
    (device,) = data["BlockDeviceMappings"]
    assert device["Ebs"]["Encrypted"] is True
    assert device["Ebs"]["DeleteOnTermination"] is True
    assert device["Ebs"]["VolumeType"] == "gp3"


def test_nothing_can_connect_to_a_machine(templates: Templates) -> None:
    (group,) = templates.properties("AWS::EC2::SecurityGroup", STACK).values()
    assert "SecurityGroupIngress" not in group
    assert {rule["FromPort"] for rule in group["SecurityGroupEgress"]} == {80, 443}
    assert not templates.properties("AWS::EC2::SecurityGroupIngress", STACK)
    assert "AWS::EC2::NatGateway" not in templates.kinds()
    assert "KeyName" not in launch_template(templates)


def test_the_boot_script_knows_this_deployment(templates: Templates) -> None:
    data = launch_template(templates)["UserData"]["Fn::Base64"]
    text = "".join(x if isinstance(x, str) else json.dumps(x) for x in data["Fn::Join"][1])
    assert text.startswith("#!/bin/bash")
    assert "bundle.zip" in text
    assert not [part for part in ("@BUNDLE", "@JOBS", "@LOG") if part in text]
    # EC2 takes 16 KB of it, encoded.
    assert len(base64.b64encode(text.encode())) < 16_000


def test_the_template_names_no_image(templates: Templates) -> None:
    """The launch takes the newest one; a template would grow old."""
    assert "ImageId" not in launch_template(templates)
    (function,) = (
        found
        for name, found in templates.properties("AWS::Lambda::Function", STACK).items()
        if name == "Jobs"
    )
    variables = {
        name: templates.text(value) for name, value in function["Environment"]["Variables"].items()
    }
    assert variables["VISIONFLOW_IMAGE_PARAMETER"] == templates.stage.job_image_parameter
    settings = JobsSettings.from_env(variables)
    assert settings.jobs_table == "TrainingJobs"
    assert len(settings.job_subnets.split(",")) == 2


def allows(templates: Templates, action: str, resource: str, userid: str) -> bool:
    """Whether IAM would let a machine with this `aws:userid` do it."""
    for statement in statements(templates, "MachineRole"):
        resources = [text.replace("${aws:userid}", userid) for text in statement["Resource"]]
        if action in statement["Action"] and any(
            fnmatch.fnmatchcase(resource, pattern) for pattern in resources
        ):
            return True
    return False


ME, OTHER = "AROAX:i-1", "AROAX:i-2"


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:GetObject"])
def test_a_machine_has_its_own_folder_and_no_other(on_aws: Templates, action: str) -> None:
    def may(key: str) -> bool:
        return allows(on_aws, action, key, ME)

    assert may(f"JobFolders/jobs/{ME}/checkpoint.pt")
    assert may(f"JobFolders/jobs/{ME}/run/manifest.json")
    assert may("JobFolders/wheelhouse/torch.whl") == (action == "s3:GetObject")
    for key in (
        f"JobFolders/jobs/{OTHER}/checkpoint.pt",
        f"JobFolders/jobs/{ME}0/checkpoint.pt",
        "JobFolders/sealed/0.json",
        "Datasets/flowers/1.jpg",
        "Models/models/starter/1/manifest.json",
    ):
        assert not may(key), key


def test_a_machine_may_do_this_and_nothing_else(templates: Templates) -> None:
    """In every stage: the local cloud deploys the very same policy."""
    granted = {
        (action, resource)
        for statement in statements(templates, "MachineRole")
        for action in statement["Action"]
        for resource in statement["Resource"]
        if "cdk-hnb" not in resource
    }
    assert granted == {
        ("s3:GetObject", "JobFolders/jobs/${aws:userid}/*"),
        ("s3:PutObject", "JobFolders/jobs/${aws:userid}/*"),
        ("s3:GetObject", "JobFolders/wheelhouse/*"),
        ("s3:ListBucket", "JobFolders"),
    }
    (listing,) = (
        statement["Condition"]
        for statement in statements(templates, "MachineRole")
        if "s3:ListBucket" in statement["Action"]
    )
    assert listing == {"StringEquals": {"s3:prefix": "wheelhouse/"}}


def test_only_ec2_gives_the_role_of_machines(on_aws: Templates) -> None:
    (role,) = (
        role
        for name, role in on_aws.properties("AWS::IAM::Role", STACK).items()
        if name == "MachineRole"
    )
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_the_limits_of_the_gate_are_the_stages(templates: Templates) -> None:
    for name in ("Jobs", "Publish"):
        function = templates.properties("AWS::Lambda::Function", STACK)[name]
        gate = function["Environment"]["Variables"]["VISIONFLOW_GATE"]
        assert parse_json(GateLimits, gate, name) == templates.stage.gate


def test_the_api_reads_of_a_machines_folder_the_report_alone(templates: Templates) -> None:
    read = {
        templates.text(resource)
        for policy in templates.properties("AWS::IAM::Policy").values()
        if {templates.text(name) for name in policy["Roles"]} == {"ApiRole"}
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:GetObject" in statement["Action"]
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
        if "JobFolders" in templates.text(resource)
    }
    assert read == {"JobFolders/jobs/*/report.json"}


def test_only_machines_of_jobs_can_be_ended(on_aws: Templates) -> None:
    (statement,) = (
        found
        for found in statements(on_aws, "JobsRole")
        if "ec2:TerminateInstances" in found["Action"]
    )
    assert statement["Condition"] == {"StringLike": {f"aws:ResourceTag/{JOB_TAG}": "?*"}}


def test_launching_takes_this_template_network_and_role(on_aws: Templates) -> None:
    by_action: dict[str, list[Resource]] = {}
    for statement in statements(on_aws, "JobsRole"):
        for action in statement["Action"]:
            by_action.setdefault(action, []).append(statement)
    (launch,) = by_action["ec2:RunInstances"]
    kinds = {resource.rpartition(":")[2] for resource in launch["Resource"]}
    assert {kind.partition("/")[0] for kind in kinds if kind.endswith("/*")} == {
        *("fleet", "image", "instance", "network-interface", "snapshot"),
        *("spot-instances-request", "volume"),
    }
    assert {kind.partition("/")[0] for kind in kinds if not kind.endswith("/*")} == {
        *("launch-template", "security-group", "subnet")
    }
    # Only instances are tagged, so nothing else may be.
    (tagging,) = by_action["ec2:CreateTags"]
    assert [resource.rpartition(":")[2] for resource in tagging["Resource"]] == ["instance/*"]
    assert "TagSpecifications" not in launch_template(on_aws)
    (passing,) = by_action["iam:PassRole"]
    assert passing["Resource"] == ["MachineRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    written = {x for found in by_action["s3:PutObject"] for x in found["Resource"]}
    assert written == {"JobFolders/jobs/*", "JobFolders/sealed/*"}


@pytest.mark.parametrize(
    ("role", "rows"),
    [
        ("JobsRole", {("dynamodb:GetItem", "VERSIONS#*")}),
        ("PublishRole", {("dynamodb:GetItem", "VERSIONS#*"), ("dynamodb:PutItem", "MODELS#*")}),
    ],
)
def test_of_datasets_only_versions_are_read_and_lineage_written(
    on_aws: Templates, role: str, rows: set[tuple[str, str]]
) -> None:
    granted = {
        (action, *statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
        for statement in statements(on_aws, role)
        if "DatasetTable" in statement["Resource"]
        for action in statement["Action"]
        if action.startswith("dynamodb:")
    }
    assert granted == rows


def test_quotas_are_read_by_a_grant_that_names_none(on_aws: Templates) -> None:
    """Service Quotas' Get supports no resources: a grant on a quota's ARN would grant nothing."""
    (statement,) = (
        found
        for found in statements(on_aws, "JobsRole")
        if "servicequotas:GetServiceQuota" in found["Action"]
    )
    assert statement["Resource"] == ["*"]


def test_publishing_cannot_touch_a_machine(templates: Templates) -> None:
    actions = {
        action
        for statement in statements(templates, "PublishRole")
        for action in statement["Action"]
    }
    assert not any(action.startswith(("ec2:", "iam:")) for action in actions)
    function = templates.properties("AWS::Lambda::Function", STACK)["Publish"]
    variables = {
        name: templates.text(value) for name, value in function["Environment"]["Variables"].items()
    }
    assert PublishSettings.from_env(variables).models_bucket == "Models"


def test_the_state_machine_is_the_committed_one(templates: Templates) -> None:
    machine = templates.properties("AWS::StepFunctions::StateMachine", STACK)["JobLifeStateMachine"]
    assert json.loads(machine["DefinitionString"]) == json.loads(DEFINITION.read_text())
    substitutions = {
        name: templates.text(value) for name, value in machine["DefinitionSubstitutions"].items()
    }
    assert substitutions == {"JobsFunction": "Jobs", "PublishFunction": "Publish"}


def test_every_way_through_the_state_machine_ends_the_machines() -> None:
    states: dict[str, Any] = json.loads(DEFINITION.read_text())["States"]
    for name, state in states.items():
        if state["Type"] == "Task" and name != "End":
            (catch,) = state["Catch"]
            assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "End"), name
    reach_the_end = {
        name
        for name, state in states.items()
        if "Over" in (state.get("Next"), state.get("Default"))
    }
    assert reach_the_end == {"IsOver"}
    assert [name for name, state in states.items() if state.get("Next") == "IsOver"] == ["End"]


def test_an_execution_that_is_aborted_ends_its_job_all_the_same(templates: Templates) -> None:
    rule = templates.properties("AWS::Events::Rule", STACK)["JobLifeEndedFromOutside"]
    assert set(rule["EventPattern"]["detail"]["status"]) == {"FAILED", "TIMED_OUT", "ABORTED"}
    (target,) = rule["Targets"]
    assert templates.text(target["Arn"]) == "Jobs"


def test_what_machines_leave_is_forgotten(templates: Templates) -> None:
    bucket = templates.properties("AWS::S3::Bucket", "Data")["JobFolders"]
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {
        rule["Id"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule
    } == {"ForgetJobs": 60, "ForgetSealed": 60}
