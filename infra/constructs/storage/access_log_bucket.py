"""The bucket of access logs: who read and wrote the other buckets."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.nag import LOOPBACK_ONLY, acknowledge, acknowledge_emptying
from infra.stages import StageConfig


class AccessLogBucket(s3.Bucket):
    """Private and encrypted; old logs are deleted.

    `accepts_cloudfront`: CloudFront writes its logs with an access control list, S3 needs none.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        accepts_cloudfront: bool = False,
    ) -> None:
        emptied = stage.on_aws and not stage.keep_data
        super().__init__(
            scope,
            construct_id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=stage.tls_only,
            object_ownership=(
                s3.ObjectOwnership.BUCKET_OWNER_PREFERRED
                if accepts_cloudfront
                else s3.ObjectOwnership.BUCKET_OWNER_ENFORCED
            ),
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="ForgetOldLogs",
                    expiration=Duration.days(stage.log_retention_days),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
            auto_delete_objects=emptied,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_data else RemovalPolicy.DESTROY,
        )
        if emptied:
            acknowledge_emptying(self)
        acknowledge(
            self,
            "AwsSolutions-S1",
            reason="Logging who read the log into the log itself would never end.",
        )
        if not stage.tls_only:
            acknowledge(self, "AwsSolutions-S10", reason=LOOPBACK_ONLY)
