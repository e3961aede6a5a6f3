"""The two tables: predictions and the model registry."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.nag import acknowledge
from infra.stages import StageConfig
from visionflow.prediction_store import INDEXES, SORT_KEY


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

    @staticmethod
    def _allow(role: iam.Role, *actions: str, on: Sequence[str]) -> None:
        iam.Grant.add_to_principal(grantee=role, actions=list(actions), resource_arns=list(on))


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
        for index, partition_key in INDEXES.items():
            self.add_global_secondary_index(
                index_name=index,
                partition_key=string_attribute(partition_key),
                sort_key=string_attribute(SORT_KEY),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    def allow_record(self, role: iam.Role) -> None:
        """Let `role` write a record once and read it again."""
        self._allow(role, "dynamodb:PutItem", "dynamodb:GetItem", on=[self.table_arn])

    def allow_list(self, role: iam.Role) -> None:
        """Let `role` read one record, and page through the indexes; never scan."""
        self._allow(role, "dynamodb:GetItem", on=[self.table_arn])
        indexes = [f"{self.table_arn}/index/{index}" for index in INDEXES]
        self._allow(role, "dynamodb:Query", on=indexes)


class RegistryTable(OnDemandTable):
    """Model versions and which of them is active."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, partition_key="pk", sort_key="sk")

    def allow_read(self, role: iam.Role) -> None:
        """Let `role` find out which version is active and which there are."""
        self._allow(role, "dynamodb:GetItem", "dynamodb:Query", on=[self.table_arn])


def string_attribute(name: str) -> dynamodb.Attribute:
    """A key attribute of type S."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
