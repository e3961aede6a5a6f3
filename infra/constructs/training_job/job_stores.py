"""What training jobs read and write: datasets, the bucket of folders, the table of records."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.tables import OnDemandTable
from infra.nag import acknowledge
from infra.stages import StageConfig
from visionflow.jobs.folder import FOLDER

# Long enough to resume a job after a holiday; a published run is in the models bucket as well.
KEEP_DAYS = 60


class JobsTable(OnDemandTable):
    """Records of the control plane and reports of machines, each machine to its own row."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, partition_key="pk", sort_key="sk")

    def allow_control(self, role: iam.Role, *, listing: bool = False) -> None:
        """Let `role` read rows and write records; with `listing` also list the records."""
        actions = ["dynamodb:GetItem", "dynamodb:PutItem", *(["dynamodb:Query"] * listing)]
        self._allow(role, *actions, on=[self.table_arn])

    def allow_get(self, role: iam.Role) -> None:
        """Let `role` read one row."""
        self._allow(role, "dynamodb:GetItem", on=[self.table_arn])

    def allow_report(self, role: iam.Role, *, keys: str) -> None:
        """Let `role` read rows, and write those under the partition keys that match `keys`."""
        self.allow_get(role)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:PutItem"],
                resources=[self.table_arn],
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [keys]}},
            )
        )


class JobsBucket(PrivateBucket):
    """`jobs/<reporter>/` for each machine, and `wheelhouse/` in place of a package index."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, access_logs: s3.IBucket
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            access_logs=access_logs,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="AbandonUploads", abort_incomplete_multipart_upload_after=Duration.days(1)
                ),
                s3.LifecycleRule(
                    id="ForgetJobs", prefix=FOLDER, expiration=Duration.days(KEEP_DAYS)
                ),
            ],
        )


@dataclass(frozen=True, kw_only=True)
class JobStores:
    """What training jobs read and write.

    Attributes:
        datasets: training data.
        folders: what the machines of jobs leave.
        records: the table of jobs.
    """

    datasets: PrivateBucket
    folders: JobsBucket
    records: JobsTable


def allow(
    role: iam.Role,
    *actions: str,
    on: Sequence[str],
    reason: str | None = None,
    conditions: dict[str, dict[str, str | list[str]]] | None = None,
) -> None:
    """One statement; `reason` is why a wildcard in it is as narrow as it can be."""
    role.add_to_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(on), conditions=conditions or {})
    )
    if reason is not None:
        for arn in on:
            text = _text(Stack.of(role).resolve(arn))
            if "*" in text:
                acknowledge(role, f"AwsSolutions-IAM5[Resource::{text}]", reason=reason)


def _text(arn: Any) -> str:
    """An ARN as cdk-nag writes it into its findings."""
    if isinstance(arn, str):
        return arn
    parts = arn["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else f"<{part.get('Ref')}>" for part in parts)
