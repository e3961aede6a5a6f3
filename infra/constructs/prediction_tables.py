"""The two tables: predictions and the model registry."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.nag import acknowledge
from infra.stages import StageConfig

# Newest first by four questions. Each index has its own sharded partition key; all are sorted by
# `position` (`<created_at>#<id>`), which is unique, so a cursor is a position and nothing else.
PREDICTION_INDEXES = {
    "by_time": "time_shard",
    "by_label": "label_shard",
    "by_model": "model_shard",
    "by_status": "status_shard",
}


class OnDemandTable(dynamodb.Table):
    """A table with string keys that costs nothing while nobody reads or writes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        partition_key: str,
        sort_key: str | None = None,
        time_to_live_attribute: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=string_attribute(partition_key),
            sort_key=None if sort_key is None else string_attribute(sort_key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=time_to_live_attribute,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=stage.point_in_time_recovery
            ),
            deletion_protection=stage.keep_data,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
        )
        if not stage.point_in_time_recovery:
            acknowledge(
                self,
                "AwsSolutions-DDB3",
                reason="The local cloud lives in memory; there is nothing to restore it to.",
            )


class PredictionsTable(OnDemandTable):
    """One item per picture, under its deterministic id; DynamoDB forgets it at `expires_at`."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="id",
            time_to_live_attribute="expires_at",
        )
        for index, partition_key in PREDICTION_INDEXES.items():
            self.add_global_secondary_index(
                index_name=index,
                partition_key=string_attribute(partition_key),
                sort_key=string_attribute("position"),
                projection_type=dynamodb.ProjectionType.ALL,
            )


class RegistryTable(OnDemandTable):
    """Model versions and which of them is active."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, partition_key="pk", sort_key="sk")


def string_attribute(name: str) -> dynamodb.Attribute:
    """A key attribute of type S."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
