"""Log groups with the stage's retention, also for the functions that CDK makes by itself."""

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stages import StageConfig

_RETENTION = {
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    90: logs.RetentionDays.THREE_MONTHS,
}
# What CDK calls the provider of `auto_delete_objects`, one for each stack.
_EMPTYING = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


def log_group_of(scope: Construct, construct_id: str, *, stage: StageConfig) -> logs.LogGroup:
    """A log group with the stage's retention that is deleted with the stack."""
    return logs.LogGroup(
        scope,
        construct_id,
        retention=_RETENTION[stage.log_retention_days],
        removal_policy=RemovalPolicy.DESTROY,
    )


def keep_emptying_logs_short(scope: Construct, *, stage: StageConfig) -> None:
    """Give the function of the stack that empties buckets a log group; call it after a bucket has
    asked for that function.

    Otherwise Lambda makes one that keeps its lines for ever, and outlives the stack.
    """
    stack = Stack.of(scope)
    if stack.node.try_find_child("EmptyingLogs") is not None:
        return
    group = log_group_of(stack, "EmptyingLogs", stage=stage)
    function = stack.node.find_child(_EMPTYING).node.find_child("Handler")
    if not isinstance(function, CfnResource):
        raise TypeError(f"{function.node.path} is not a resource of this app")
    function.add_property_override("LoggingConfig", {"LogGroup": group.log_group_name})
