"""The monthly budget: AWS Budgets, the topic that it notifies, and what stops and resumes a stage.

AWS Budgets looks at the cost of the whole account, hours late. A filter by tag would see nothing
until somebody activates the tag in the billing console, and a budget that sees nothing never stops
anything; so there is none, and a stage belongs into an account of its own.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.storage.tables import AuditTable, UsageTable
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig
from lambdas.budget.settings import BudgetFunctionSettings

# Of the budget, in percent. It may be passed by what a few hours cost.
SPENT = 100


class BudgetTopic(Construct):
    """Orders for the budget function; only AWS Budgets and the roles that are allowed may publish.

    Attributes:
        topic: over TLS only; SNS encrypts it at rest with a key of its own.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", display_name=f"VisionFlow {stage.name} budget", enforce_ssl=stage.on_aws
        )
        if stage.on_aws:
            # https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="BudgetsPublish",
                    principals=[iam.ServicePrincipal("budgets.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[self.topic.topic_arn],
                    conditions={
                        "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                        "ArnLike": {
                            "aws:SourceArn": f"arn:{Aws.PARTITION}:budgets::{Aws.ACCOUNT_ID}:*"
                        },
                    },
                )
            )
        else:
            acknowledge(self, "AwsSolutions-SNS3", reason=LOOPBACK_ONLY)
        if stage.alarm_email is not None:
            self.topic.add_subscription(subscriptions.EmailSubscription(stage.alarm_email))

    def allow_send(self, role: iam.Role) -> None:
        """Let `role` ask for a pause or an end of it."""
        allow(role, "sns:Publish", on=[self.topic.topic_arn])


class MonthlyBudget(Construct):
    """Notifies `topic` when the month's actual cost reaches what the stage says."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=stage.limits.worst_case_usd, unit="USD"
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type="ACTUAL",
                        comparison_operator="GREATER_THAN",
                        threshold=SPENT,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[
                        budgets.CfnBudget.SubscriberProperty(
                            subscription_type="SNS", address=topic.topic_arn
                        )
                    ],
                )
            ],
        )


class BudgetFunction(ServiceFunction):
    """Obeys the topic, and switches the queue of dropped images on when a month begins."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        package: Package,
        topic: sns.ITopic,
        usage: UsageTable,
        audit: AuditTable,
        feed: event_sources.SqsEventSource,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            package=package,
            size=Size(memory_mb=256, timeout=Duration.seconds(30)),
            environment=BudgetFunctionSettings(
                usage_table=usage.table_name,
                audit_table=audit.table_name,
                ingest_mapping=feed.event_source_mapping_id,
            ).to_env(),
        )
        usage.allow_stop(self.execution_role)
        audit.allow_add(self.execution_role)
        allow(
            self.execution_role,
            "lambda:UpdateEventSourceMapping",
            on=[feed.event_source_mapping_arn],
        )
        topic.add_subscription(subscriptions.LambdaSubscription(self))
        events.Rule(
            self,
            "MonthBegins",
            schedule=events.Schedule.cron(minute="0", hour="0", day="1"),
            targets=[targets.LambdaFunction(self)],
        )
