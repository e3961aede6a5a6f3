"""What training jobs and backfills read and write: datasets, buckets, the table of records."""

from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.tables import OnDemandTable
from infra.stages import StageConfig


class JobsTable(OnDemandTable):
    """Records of the control plane; no machine has a right to it. Its stream tells of their
    ends."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )

    def allow_control(self, role: iam.Role, *, listing: bool = False) -> None:
        """Let `role` read rows and write records; with `listing` also list the records."""
        self._allow(role, "GetItem", "PutItem", *(["Query"] * listing))

    def allow_count(self, role: iam.Role) -> None:
        """Let `role` read and write rows of backfills, and add to what is counted of them."""
        self.allow_control(role, listing=True)
        self._allow(role, "UpdateItem")

    def allow_get(self, role: iam.Role) -> None:
        """Let `role` read one row."""
        self._allow(role, "GetItem")


@dataclass(frozen=True, kw_only=True)
class JobStores:
    """What training jobs read and write.

    Attributes:
        datasets: training data.
        backfills: `backfills/` with results, `work/` for what the steps of a backfill hand on, and
            `sources/` for lists of keys.
        folders: `jobs/<reporter>/` for each machine, `sealed/` for what no machine may see, and
            `wheelhouse/` in place of a package index.
        records: the table of jobs and backfills.
    """

    datasets: PrivateBucket
    backfills: PrivateBucket
    folders: PrivateBucket
    records: JobsTable
