"""The tables: predictions, the model registry, insights, usage, API keys, datasets, and the audit
trail."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.constructs.permissions import allow
from infra.nag import acknowledge
from infra.stages import StageConfig
from visionflow.access.keys import KEYS, USES
from visionflow.datasets.rows import DATASETS
from visionflow.datasets.run_store import MODELS
from visionflow.datasets.versions import VERSIONS
from visionflow.dynamodb import EXPIRY
from visionflow.predictions.rows import SORT_KEY
from visionflow.predictions.store import INDEXES, REVIEW_INDEX, REVIEW_KEYS

# A row that has expired is not read: whoever reads one knows these two names and no other.
ROWS_EXPIRE_AT, KEYS_EXPIRE_AT = EXPIRY


class OnDemandTable(dynamodb.Table):
    """A table with string keys that costs nothing while idle."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        partition_key: str,
        sort_key: str | None = None,
        time_to_live_attribute: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
        resource_policy: iam.PolicyDocument | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            partition_key=string_attribute(partition_key),
            sort_key=None if sort_key is None else string_attribute(sort_key),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=time_to_live_attribute,
            stream=stream,
            resource_policy=resource_policy,
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
                reason="The local cloud is in memory; there is nothing to restore it to.",
            )

    def allow_size(self, role: iam.Role) -> None:
        """Let `role` read how large the table is."""
        self._allow(role, "DescribeTable")

    def _allow(self, role: iam.Role, *actions: str) -> None:
        allow(role, *(f"dynamodb:{action}" for action in actions), on=[self.table_arn])


class PredictionsTable(OnDemandTable):
    """One item per image, under its deterministic id; DynamoDB deletes it at `expires_at`.

    Its stream has each record before and after a write.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="id",
            time_to_live_attribute=ROWS_EXPIRE_AT,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )
        keys = {index: (partition_key, SORT_KEY) for index, partition_key in INDEXES.items()}
        for index, (partition_key, sort_key) in {**keys, REVIEW_INDEX: REVIEW_KEYS}.items():
            self.add_global_secondary_index(
                index_name=index,
                partition_key=string_attribute(partition_key),
                sort_key=string_attribute(sort_key),
                projection_type=dynamodb.ProjectionType.ALL,
            )

    def allow_record(self, role: iam.Role) -> None:
        """Let `role` write a record once and read it again."""
        self._allow(role, "PutItem", "GetItem")

    def allow_look_up(self, role: iam.Role) -> None:
        """Let `role` read records by their ids, many at a time."""
        self._allow(role, "BatchGetItem")

    def allow_list(self, role: iam.Role) -> None:
        """Let `role` read one record, and page through the indexes; never scan."""
        self.allow_get(role)
        indexes = [f"{self.table_arn}/index/{index}" for index in (*INDEXES, REVIEW_INDEX)]
        allow(role, "dynamodb:Query", on=indexes)

    def allow_get(self, role: iam.Role) -> None:
        """Let `role` read one record by its id."""
        self._allow(role, "GetItem")

    def allow_check(self, role: iam.Role) -> None:
        """Let `role` read one record, and write elsewhere on the condition that it is there."""
        self._allow(role, "GetItem", "ConditionCheckItem")

    def allow_erase(self, role: iam.Role) -> None:
        """Let `role` hide a record, and put a tombstone in its place."""
        self._allow(role, "UpdateItem", "PutItem")

    def allow_feedback(self, role: iam.Role) -> None:
        """Let `role` add feedback to a record."""
        self._allow(role, "UpdateItem")

    def allow_illustrate(self, role: iam.Role) -> None:
        """Let `role` note the thumbnail of a record."""
        self._allow(role, "UpdateItem")


class RegistryTable(OnDemandTable):
    """Model versions, which of them serve, and which served when; its stream tells of moves."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            stream=dynamodb.StreamViewType.NEW_IMAGE,
        )

    def allow_read(self, role: iam.Role) -> None:
        """Let `role` find out which version is active and which there are."""
        self._allow(role, "GetItem", "Query")

    def allow_move(self, role: iam.Role) -> None:
        """Let `role` move the aliases, retire versions and set the rollback rule."""
        self._allow(role, "PutItem", "UpdateItem", "ConditionCheckItem")

    def allow_take_back(self, role: iam.Role) -> None:
        """Let `role` undo a move by the rollback rule."""
        self._allow(role, "GetItem", "PutItem")


class UsageTable(OnDemandTable):
    """What callers and the stage have used in a month, and whether the stage is stopped."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            time_to_live_attribute=ROWS_EXPIRE_AT,
        )

    def allow_count(self, role: iam.Role) -> None:
        """Let `role` count, and read what is counted."""
        self._allow(role, "UpdateItem", "GetItem")

    def allow_see(self, role: iam.Role) -> None:
        """Let `role` see whether the stage is stopped."""
        self._allow(role, "GetItem")

    def allow_stop(self, role: iam.Role) -> None:
        """Let `role` stop and resume the stage."""
        self._allow(role, "UpdateItem")


class InsightsTable(OnDemandTable):
    """Counters, their markers, shadows' answers and the history of feedback."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            time_to_live_attribute=ROWS_EXPIRE_AT,
        )

    def allow_count(self, role: iam.Role) -> None:
        """Let `role` count changes once, and read the counters."""
        self._allow(role, "PutItem", "UpdateItem", "GetItem", "Query")

    def allow_shadow(self, role: iam.Role) -> None:
        """Let `role` keep and count a shadow's answers."""
        self._allow(role, "PutItem", "UpdateItem", "BatchGetItem")

    def allow_report(self, role: iam.Role) -> None:
        """Let `role` read everything and write the history of feedback."""
        self._allow(role, "PutItem", "GetItem", "BatchGetItem", "Query")

    def allow_erase(self, role: iam.Role) -> None:
        """Let `role` delete what belongs to a record, and subtract it from the counters."""
        self._allow(role, "PutItem", "UpdateItem", "DeleteItem", "Query")


class DatasetsTable(OnDemandTable):
    """Datasets: classes, images with their contents, versions and trainings. Its stream tells of
    the ends of trainings."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        )

    def allow_curate(self, role: iam.Role) -> None:
        """Let `role` read everything, write rows and change them, and delete the content of an
        image that was erased while it was looked at."""
        self._allow(role, "GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem")
        self._allow(role, "DeleteItem")

    def allow_let_in(self, role: iam.Role) -> None:
        """Let `role` write an image on the condition that its dataset is there."""
        self._allow(role, "ConditionCheckItem")

    def allow_list(self, role: iam.Role) -> None:
        """Let `role` read which datasets there are, and nothing of their images."""
        allow(
            role,
            "dynamodb:Query",
            on=[self.table_arn],
            conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [DATASETS]}},
        )

    def allow_embed(self, role: iam.Role) -> None:
        """Let `role` read rows by their key, follow a training, and write the content of an image
        that is there."""
        self._allow(role, "GetItem", "BatchGetItem", "PutItem", "UpdateItem", "ConditionCheckItem")

    def allow_versions(self, role: iam.Role) -> None:
        """Let `role` read which versions of datasets there are, one by one."""
        self._allow_partitions(role, VERSIONS, "GetItem")

    def allow_made(self, role: iam.Role) -> None:
        """Let `role` write what model a version of a dataset made."""
        self._allow_partitions(role, MODELS, "PutItem")

    def _allow_partitions(self, role: iam.Role, start: str, action: str) -> None:
        allow(
            role,
            f"dynamodb:{action}",
            on=[self.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{start}*"]}},
        )

    def allow_manage(self, role: iam.Role) -> None:
        """`allow_curate`, and let `role` delete datasets."""
        self.allow_curate(role)
        self._allow(role, "BatchWriteItem")


class AuditTable(OnDemandTable):
    """Who changed what, by month and time, kept for ever.

    No role may change or delete a row. On AWS the table itself refuses it too, so that not even an
    administrator of the account can without changing this policy first.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            resource_policy=_append_only() if stage.on_aws else None,
        )

    def allow_add(self, role: iam.Role) -> None:
        """Let `role` write rows."""
        self._allow(role, "PutItem")

    def allow_read(self, role: iam.Role) -> None:
        """Let `role` page through the rows."""
        self._allow(role, "Query")


def _append_only() -> iam.PolicyDocument:
    changes = ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLUpdate", "PartiQLDelete")
    refuse = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=[f"dynamodb:{action}" for action in changes],
        resources=["*"],
    )
    return iam.PolicyDocument(statements=[refuse])


class KeysTable(OnDemandTable):
    """API keys, and when each was last used; DynamoDB deletes a dead one at `forget_at`."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            partition_key="pk",
            sort_key="sk",
            time_to_live_attribute=KEYS_EXPIRE_AT,
        )

    def allow_check(self, role: iam.Role) -> None:
        """Let `role` read a key and write its last use, and change no key."""
        self._allow_partition(role, KEYS, "GetItem")
        self._allow_partition(role, USES, "UpdateItem")

    def allow_manage(self, role: iam.Role) -> None:
        """Let `role` make, revoke and list keys, and read their last use; never scan."""
        self._allow(role, "GetItem", "Query")
        self._allow_partition(role, KEYS, "PutItem", "UpdateItem")

    def _allow_partition(self, role: iam.Role, partition: str, *actions: str) -> None:
        allow(
            role,
            *(f"dynamodb:{action}" for action in actions),
            on=[self.table_arn],
            conditions={"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [partition]}},
        )


def string_attribute(name: str) -> dynamodb.Attribute:
    """A key attribute of type S."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
