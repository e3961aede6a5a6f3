"""How every alarm is made, and the one topic that all of them notify."""

from aws_cdk import App, Aws, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig


def alarm_above(
    scope: Construct,
    construct_id: str,
    *,
    metric: cloudwatch.IMetric,
    limit: float = 0,
    description: str,
    periods: int = 1,
) -> cloudwatch.Alarm:
    """An alarm that rings when `periods` in a row are above `limit`; no data counts as good."""
    return cloudwatch.Alarm(
        scope,
        construct_id,
        metric=metric,
        threshold=limit,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluation_periods=periods,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        alarm_description=description,
    )


class AlarmTopic(Construct):
    """The topic of all alarms, over TLS only and encrypted at rest.

    SNS encrypts every topic with a key of its own. With `alarm_key` of the stage the topic has a
    key of this account instead, and CloudTrail records its use.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self,
            "Topic",
            display_name=f"VisionFlow {stage.name}",
            enforce_ssl=stage.on_aws,
            master_key=self._key() if stage.alarm_key else None,
        )
        # This policy replaces the default one, which lets the whole account publish.
        self.topic.add_to_resource_policy(
            _let_alarms("AlarmsPublish", "sns:Publish", on=self.topic.topic_arn)
        )
        if stage.alarm_email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))
        if not stage.on_aws:
            acknowledge(self, "AwsSolutions-SNS3", reason=LOOPBACK_ONLY)

    def _key(self) -> kms.Key:
        key = kms.Key(self, "Key", enable_key_rotation=True, removal_policy=RemovalPolicy.DESTROY)
        # CloudWatch may not use the key that AWS manages for SNS.
        # https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
        key.add_to_resource_policy(
            _let_alarms("AlarmsEncrypt", "kms:Decrypt", "kms:GenerateDataKey", on="*")
        )
        return key


def notify(app: App, topic: sns.ITopic) -> None:
    """Make every alarm of `app` notify `topic`."""
    action = cloudwatch_actions.SnsAction(topic)
    for construct in app.node.find_all():
        if isinstance(construct, cloudwatch.Alarm):
            construct.add_alarm_action(action)


def _let_alarms(sid: str, *actions: str, on: str) -> iam.PolicyStatement:
    """What CloudWatch may do for the alarms of this account."""
    alarms = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
        actions=list(actions),
        resources=[on],
        conditions={
            "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
            "ArnLike": {"aws:SourceArn": alarms},
        },
    )
