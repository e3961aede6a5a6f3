"""cdk-nag is awake: what it should find, it finds, and an exception covers one finding only."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from infra.app import build_app
from infra.nag import acknowledge, check_at_synth
from infra.packaging.assets import Assets
from infra.stages import LOCAL


def test_a_violation_in_a_real_stack_stops_the_synthesis(assets: Assets, tmp_path: Path) -> None:
    app = build_app(LOCAL, assets, outdir=str(tmp_path))
    data = app.node.find_child("VisionFlow-Local-Data")
    assert isinstance(data, Stack)
    s3.Bucket(data, "Careless")

    with pytest.raises(RuntimeError, match="ValidationFailed") as failure:
        app.synth()

    assert "VisionFlow-Local-Data/Careless/Resource" in str(failure.value)
    assert "AwsSolutions-S1" in str(failure.value)
    assert "VisionFlow-Local-Data/Images" not in str(failure.value)


def test_an_acknowledgement_covers_its_own_finding_alone(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path), builtin_cloud_formation_validation=False)
    stack = Stack(app, "Example")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for action in ("s3:Get*", "s3:Put*"):
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=["arn:aws:s3:::x"]))
    acknowledge(role, "AwsSolutions-IAM5[Action::s3:Get*]", reason="the example's")
    check_at_synth(app)

    with pytest.raises(RuntimeError, match="ValidationFailed") as failure:
        app.synth()

    assert "Action::s3:Put*" in str(failure.value)
    assert "Action::s3:Get*" not in str(failure.value)
