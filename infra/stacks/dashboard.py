"""Addresses of the page and of the API. The page's files come with the content stack or
`visionflow up`, the API's routes with the service stack."""

from aws_cdk import CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.storage.access_log_bucket import AccessLogBucket
from infra.constructs.storage.private_bucket import PrivateBucket
from infra.constructs.storage.stores import Stores
from infra.constructs.web.http_api import ApiAddress
from infra.constructs.web.sign_in import sign_in_domain, user_pools_host
from infra.constructs.web.static_site import (
    StaticSite,
    content_security_policy,
    engine_policy,
)
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig


class DashboardStack(Stack):
    """A private bucket behind CloudFront, in one stack because each one's policy names the
    other. In the local cloud CloudFront serves nothing, so there the bucket serves the page.

    Attributes:
        api: the API without its routes, which the page's security policy names.
        bucket: the built site and its `config.json`.
        site: the distribution, None in the local cloud.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        stores: Stores,
        datasets: s3.IBucket,
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = ApiAddress(self, "HttpApi")
        self.site: StaticSite | None = None
        if stage.on_aws:
            access_logs = AccessLogBucket(self, "AccessLogs", stage=stage, accepts_cloudfront=True)
            self.bucket: s3.Bucket = PrivateBucket(
                self, "Site", stage=stage, access_logs=access_logs
            )
            self.site = StaticSite(
                self,
                "Dashboard",
                bucket=self.bucket,
                access_logs=access_logs,
                security_policy=content_security_policy(
                    api=self.api.url,
                    images=(stores.images, datasets),
                    models=stores.models,
                    sign_in=(sign_in_domain(stage), user_pools_host()),
                ),
                engine_policy=engine_policy(stores.models),
            )
            CfnOutput(self, "DashboardUrl", value=self.site.url)
        else:
            self.bucket = self._readable_bucket()
        CfnOutput(self, "DashboardBucket", value=self.bucket.bucket_name)

    def _readable_bucket(self) -> s3.Bucket:
        """A bucket from which any browser on this machine may get objects, and nothing more."""
        bucket = s3.Bucket(
            self,
            "Site",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ACLS_ONLY,
            removal_policy=RemovalPolicy.DESTROY,
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AnyoneReadsThePage",
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject"],
                resources=[bucket.arn_for_objects("*")],
            )
        )
        for rule in ("AwsSolutions-S1", "AwsSolutions-S2", "AwsSolutions-S5", "AwsSolutions-S10"):
            acknowledge(bucket, rule, reason=LOOPBACK_ONLY)
        return bucket
