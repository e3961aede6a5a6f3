"""How images come in: what a browser may upload, and how S3 notifies the queue of new objects.

The bucket's native property sends the notification. `Bucket.add_event_notification` uses a custom
resource instead: one more function and role, and nothing that an emulator can run. The native
property has a price: the queue's policy must exist before the bucket, and must name it. A reference
would be a cycle, so the policy names the prefix that CloudFormation gives to a generated name, and
this account.
"""

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from visionflow.images.uploads import UPLOAD_PREFIX

_PAGES = ["https://*.cloudfront.net"]


class UploadNotification(Construct):
    """Every object created below one of the prefixes sends one message to the queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.Bucket,
        queue: sqs.Queue,
        prefixes: Sequence[str] = (UPLOAD_PREFIX,),
    ) -> None:
        super().__init__(scope, construct_id)
        cfn_bucket = bucket.node.default_child
        if not isinstance(cfn_bucket, s3.CfnBucket):
            raise TypeError(f"{bucket.node.path} is not a bucket of this app")
        permission = queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="S3SendsUploads",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                    "ArnLike": {"aws:SourceArn": generated_bucket_arn(cfn_bucket)},
                },
            )
        )
        cfn_bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(
                            rules=[s3.CfnBucket.FilterRuleProperty(name="prefix", value=prefix)]
                        )
                    ),
                )
                for prefix in prefixes
            ]
        )
        if permission.policy_dependable is None:
            raise ValueError(f"{queue.node.path} takes no resource policy")
        # S3 sends a test message when the property is set and fails the stack if it may not.
        bucket.node.add_dependency(permission.policy_dependable)


def generated_bucket_arn(bucket: s3.CfnBucket) -> str:
    """ARN pattern of the name that CloudFormation generates: `<stack>-<logical id>-<random>`."""
    stack = Stack.of(bucket)
    prefix = f"{stack.stack_name}-{stack.get_logical_id(bucket)}".lower()
    return f"arn:{Aws.PARTITION}:s3:::{prefix}-*"


def page_may_read() -> s3.CorsRule:
    """Let a browser that shows a CloudFront page read a signed URL; see `page_may_upload`."""
    return s3.CorsRule(
        allowed_origins=_PAGES,
        allowed_methods=[s3.HttpMethods.GET],
        max_age=3600,
    )


def page_may_upload() -> s3.CorsRule:
    """Let a browser that shows a CloudFront page send a signed upload and read a signed URL.

    Naming the dashboard's own distribution would be a cycle, as its content security policy names
    the bucket. It would not protect anything either: the signature, which only the API gives,
    decides who may send or read what.
    """
    return s3.CorsRule(
        allowed_origins=_PAGES,
        allowed_methods=[s3.HttpMethods.GET, s3.HttpMethods.PUT],
        allowed_headers=["*"],
        max_age=3600,
    )
