"""The function that calls AWS while a stack is deployed."""

from typing import Any

from aws_cdk import custom_resources
from constructs import Construct

from infra.constructs.service_function import logging_role
from infra.stages import StageConfig


class AwsCaller(Construct):
    """Role and log group for all calls of a stack, which share one function: of several roles CDK
    would take the first.

    Attributes:
        role: may write its log; whoever makes calls adds what they need.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.role, self._log_group = logging_role(self, "", stage=stage)

    def call(
        self, scope: Construct, construct_id: str, *, resource: str, **call: Any
    ) -> custom_resources.AwsCustomResource:
        """An AWS call on create, and again when its parameters change. `resource` names what the
        call is about."""
        sdk_call = custom_resources.AwsSdkCall(
            physical_resource_id=custom_resources.PhysicalResourceId.of(resource), **call
        )
        return custom_resources.AwsCustomResource(
            scope,
            construct_id,
            on_create=sdk_call,
            on_update=sdk_call,
            role=self.role,
            log_group=self._log_group,
            install_latest_aws_sdk=False,
        )
