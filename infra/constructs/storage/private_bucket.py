"""A bucket that only its owner's grants can open."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.log_groups import keep_emptying_logs_short
from infra.constructs.permissions import allow
from infra.nag import LOOPBACK_ONLY, acknowledge, acknowledge_emptying, acknowledge_objects
from infra.stages import StageConfig


class PrivateBucket(s3.Bucket):
    """Blocked to the public, encrypted, TLS only, with server access logs.

    `access_logs` is None only for the bucket of access logs itself.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        access_logs: s3.IBucket | None,
        object_ownership: s3.ObjectOwnership = s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned: bool = False,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        cors: Sequence[s3.CorsRule] = (),
    ) -> None:
        emptied = stage.on_aws and not stage.keep_data
        super().__init__(
            scope,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=stage.on_aws,
            object_ownership=object_ownership,
            versioned=versioned,
            lifecycle_rules=list(lifecycle_rules),
            cors=list(cors) or None,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{construct_id.lower()}/" if access_logs else None,
            # Otherwise the first image would make `cdk destroy` fail.
            auto_delete_objects=emptied,
            # Kept, but not where the very deployment that made it fails and is rolled back.
            removal_policy=(
                RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
                if stage.keep_data
                else RemovalPolicy.DESTROY
            ),
        )
        if emptied:
            acknowledge_emptying(self)
            keep_emptying_logs_short(self, stage=stage)
        if not stage.on_aws:
            acknowledge(self, "AwsSolutions-S10", reason=LOOPBACK_ONLY)

    def allow_get(
        self, role: iam.Role, *, prefix: str = "", ending: str = "", versions: bool = False
    ) -> None:
        """Let `role` read objects below `prefix` whose keys have this `ending`, with `versions`
        also by their version id."""
        actions = ["s3:GetObject", "s3:GetObjectVersion"] if versions else ["s3:GetObject"]
        self._allow(role, *actions, keys=f"{prefix}*{ending}")

    def allow_read(self, role: iam.Role, *, prefix: str = "", versions: bool = False) -> None:
        """`allow_get` and `allow_list`."""
        self.allow_get(role, prefix=prefix, versions=versions)
        self.allow_list(role)

    def allow_list(self, role: iam.Role) -> None:
        """Let `role` list keys; without it S3 answers 403 instead of 404 for a missing object."""
        allow(role, "s3:ListBucket", on=[self.bucket_arn])

    def allow_erase(self, role: iam.Role, *, prefixes: Sequence[str]) -> None:
        """Let `role` find and delete all versions of objects below `prefixes`."""
        self.allow_list_versions(role, prefixes=prefixes)
        for prefix in prefixes:
            self._allow(role, "s3:DeleteObjectVersion", keys=f"{prefix}*")

    def allow_list_versions(self, role: iam.Role, *, prefixes: Sequence[str]) -> None:
        """Let `role` list all versions of objects below `prefixes`."""
        allow(
            role,
            "s3:ListBucketVersions",
            on=[self.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        )

    def allow_write_results(self, role: iam.Role, *, prefix: str) -> None:
        """Let `role` write the results of a distributed map below `prefix`.

        https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
        """
        self._allow(
            role,
            *("s3:PutObject", "s3:GetObject"),
            *("s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"),
            keys=f"{prefix}*",
        )

    def allow_put(self, role: iam.Role, *, prefix: str, ending: str = "") -> None:
        """Let `role` write objects below `prefix` whose keys have this `ending`.

        Narrower than `grant_put`, which brings tags, retention and legal hold.
        """
        self._allow(role, "s3:PutObject", keys=f"{prefix}*{ending}")

    def allow_delete(self, role: iam.Role, *, prefix: str) -> None:
        """Let `role` delete objects below `prefix`, in a bucket without versions for ever."""
        self._allow(role, "s3:DeleteObject", keys=f"{prefix}*")

    def _allow(self, role: iam.Role, *actions: str, keys: str) -> None:
        allow(role, *actions, on=[self.arn_for_objects(keys)])
        acknowledge_objects(
            role, self, keys, reason="Keys are made at run time; the grant ends at their prefix."
        )
