"""The bucket of access logs: who read and wrote the other buckets."""

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.storage.private_bucket import PrivateBucket
from infra.nag import acknowledge
from infra.stages import StageConfig


class AccessLogBucket(PrivateBucket):
    """A private bucket that deletes old logs.

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
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            access_logs=None,
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
        )
        acknowledge(
            self,
            "AwsSolutions-S1",
            reason="Logging who read the log into the log itself would never end.",
        )
