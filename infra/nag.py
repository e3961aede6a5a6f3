"""cdk-nag at synth: the rules run on every stage, and each exception has a reason."""

import re

from aws_cdk import Acknowledgment, App, Stack, Validations
from aws_cdk.aws_s3 import IBucket
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct

LOOPBACK_ONLY = "The local cloud speaks plain HTTP, without sign-in, and listens on loopback only."


def check_at_synth(app: App) -> None:
    """Make `app.synth()` run the AwsSolutions rules and fail on a finding."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def acknowledge(construct: IConstruct, rule: str, *, reason: str) -> None:
    """Accept one finding on one construct.

    Args:
        construct: carries the resource; never a stack.
        rule: its id, with the finding where a rule has several: `AwsSolutions-IAM5[Resource::*]`.
        reason: why the finding does not apply here.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_objects(role: IConstruct, bucket: IBucket, keys: str, *, reason: str) -> None:
    """Accept the wildcard in a grant on objects, `keys` being a pattern such as `api/*`.

    `role` is in another stack, which knows the bucket by an export of the bucket's stack. The
    finding carries the name of that export.
    """
    stack = Stack.of(bucket)
    export = stack.resolve(stack.export_value(bucket.bucket_arn))["Fn::ImportValue"]
    # cdk-nag writes IAM's own variables as it does CloudFormation's.
    written = re.sub(r"\$\{([^}]+)\}", r"<\1>", keys)
    acknowledge(role, f"AwsSolutions-IAM5[Resource::{export}/{written}]", reason=reason)


def acknowledge_emptying(bucket: IConstruct) -> None:
    """Accept what `auto_delete_objects` lets its function do to `bucket`, which will be deleted."""
    for actions in ("GetBucket*", "List*", "DeleteObject*"):
        acknowledge(
            bucket,
            f"AwsSolutions-IAM5[Action::s3:{actions}]",
            reason="CDK's own function empties this one bucket when its stack is destroyed.",
        )
