"""The function that copies files into buckets while a stack is deployed."""

from aws_cdk import DefaultStackSynthesizer, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.service_function import logging_role
from infra.nag import acknowledge, acknowledge_objects
from infra.stages import StageConfig

_FUNCTION_ID = "Custom::CDKBucketDeployment"


class FileCopier(Construct):
    """Role and log group for all `BucketDeployment`s of a stack, which share one function.

    Attributes:
        role: may write its log; each deployment adds the buckets that it reads and writes.
        log_group: has the retention of the stage.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.role, self.log_group = logging_role(self, "", stage=stage)

    def acknowledge_grants(self, *destinations: s3.IBucket) -> None:
        """Accept what CDK's construct grants its function; call it after the last deployment."""
        reason = (
            "BucketDeployment grants this itself, to a function that runs during a deploy only."
        )
        for actions in ("GetBucket*", "GetObject*", "List*", "DeleteObject*", "Abort*"):
            acknowledge(self.role, f"AwsSolutions-IAM5[Action::s3:{actions}]", reason=reason)
        staged = (
            f"arn:<AWS::Partition>:s3:::cdk-{DefaultStackSynthesizer.DEFAULT_QUALIFIER}"
            "-assets-<AWS::AccountId>-<AWS::Region>/*"
        )
        acknowledge(self.role, f"AwsSolutions-IAM5[Resource::{staged}]", reason=reason)
        for bucket in destinations:
            acknowledge_objects(self.role, bucket, "*", reason=reason)
        acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            reason="BucketDeployment lets its function invalidate any distribution.",
        )
        for child in Stack.of(self).node.children:
            if child.node.id.startswith(_FUNCTION_ID):
                acknowledge(child, "AwsSolutions-L1", reason="CDK chooses its function's runtime.")
