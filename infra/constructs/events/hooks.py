"""Hooks: the queue of webhooks with its function, the topic of e-mails, and what the API may do to
make and remove the rules of the bus.

Nothing here costs money while idle: the function takes from its queue only while there is a
webhook, because Lambda's polling of an empty queue is billed.
"""

from aws_cdk import ArnFormat, Aws, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.storage.image_queue import DeadLetterQueue
from infra.constructs.storage.tables import OnDemandTable
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig
from lambdas.api.settings import HookSettings
from lambdas.hooks.settings import HooksSettings
from visionflow.events.delivery import DeliverySettings
from visionflow.events.hooks import RULE_START

# Ten receivers at once, each for ten seconds at most.
TIMEOUT = Duration.seconds(60)
BATCH = 10
# Of a worker that dies; a receiver that fails is no reason to deliver a message again.
MOST_RECEIVES = 5


class HooksTable(OnDemandTable):
    """Hooks, and how their deliveries went; no secret."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id, stage=stage, partition_key="pk", sort_key="sk")

    def allow_deliver(self, role: iam.Role) -> None:
        """Let `role` read a hook and note outcomes."""
        self._allow(role, "GetItem", "UpdateItem")

    def allow_list(self, role: iam.Role) -> None:
        """Let `role` see which hooks there are."""
        self._allow(role, "Query")

    def allow_manage(self, role: iam.Role) -> None:
        """Let `role` make, list and remove hooks."""
        self._allow(role, "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")


class Hooks(Construct):
    """Who listens to the bus.

    Attributes:
        settings: environment of a function that manages hooks.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        package: Package,
        bus: events.EventBus,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._bus = stage, bus
        self.table = HooksTable(self, "Table", stage=stage)
        self._secrets = f"/visionflow/{stage.name}/hooks"
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", stage=stage)
        self.dead_letters.add_alarm(
            self,
            "DeadLetterAlarm",
            "An event could not be delivered to a hook after every retry: 'visionflow hooks list' "
            "says to which, 'visionflow hooks replay' delivers it again.",
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=stage.on_aws,
            visibility_timeout=Duration.seconds(6 * TIMEOUT.to_seconds()),
            retention_period=Duration.days(4),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=MOST_RECEIVES
            ),
        )
        self.mail = sns.Topic(
            self, "Mail", display_name=f"VisionFlow {stage.name} events", enforce_ssl=stage.on_aws
        )
        if not stage.on_aws:
            acknowledge(self.queue, "AwsSolutions-SQS4", reason=LOOPBACK_ONLY)
            acknowledge(self.mail, "AwsSolutions-SNS3", reason=LOOPBACK_ONLY)
        for resource, action, arn in (
            (self.queue, "sqs:SendMessage", self.queue.queue_arn),
            (self.dead_letters, "sqs:SendMessage", self.dead_letters.queue_arn),
            (self.mail, "sns:Publish", self.mail.topic_arn),
        ):
            resource.add_to_resource_policy(self._let_rules(action, arn))
        function = self._function(package)
        feed = event_sources.SqsEventSource(
            self.queue,
            batch_size=BATCH,
            # The API switches it on with the first webhook, `mended_by` after a deployment.
            enabled=False,
            max_concurrency=stage.ingest_max_concurrency,
            report_batch_item_failures=True,
        )
        function.add_event_source(feed)
        self._feed_arn = feed.event_source_mapping_arn
        self.settings = HookSettings(
            event_bus=bus.event_bus_name,
            hooks_table=self.table.table_name,
            hook_secrets=self._secrets,
            hook_queue=self.queue.queue_url,
            hook_queue_arn=self.queue.queue_arn,
            hook_dead_letters=self.dead_letters.queue_url,
            hook_dead_letters_arn=self.dead_letters.queue_arn,
            hook_mail=self.mail.topic_arn,
            hook_mapping=feed.event_source_mapping_id,
            allow_loopback=int(not stage.on_aws),
        )

    def _function(self, package: Package) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Hooks",
            stage=self._stage,
            package=package,
            size=Size(memory_mb=self._stage.api_memory_mb, timeout=TIMEOUT),
            environment={
                # Resolving a name has no time-out of its own.
                "RES_OPTIONS": "timeout:1 attempts:2",
                **HooksSettings(
                    hooks_table=self.table.table_name,
                    hook_secrets=self._secrets,
                    hook_queue=self.queue.queue_url,
                    hook_dead_letters=self.dead_letters.queue_url,
                    allow_loopback=int(not self._stage.on_aws),
                ).to_env(),
            },
        )
        role = function.execution_role
        self.table.allow_deliver(role)
        allow(role, "sqs:SendMessage", on=[self.queue.queue_arn, self.dead_letters.queue_arn])
        allow(role, "ssm:GetParameter", on=[self._secret_arns()], reason=_NAMED_LATER)
        return function

    def allow_manage(self, role: iam.Role) -> None:
        """Let `role` make, list, try and remove hooks. It writes secrets and reads none."""
        self.table.allow_manage(role)
        change = ("events:PutRule", "events:DeleteRule", "events:RemoveTargets")
        allow(role, *change, on=[self._rule_arns()], reason=_NAMED_LATER)
        stack = Stack.of(self)
        queues = f"arn:{stack.partition}:sqs:{stack.region}:{stack.account}:*"
        aimed: dict[str, dict[str, str | list[str]]] = {
            "ArnLike": {"events:TargetArn": [self.mail.topic_arn, queues]}
        }
        allow(
            role,
            "events:PutTargets",
            on=[self._rule_arns()],
            reason=_NAMED_LATER,
            # The emulator's IAM knows no targets.
            conditions=aimed if self._stage.on_aws else None,
        )
        if not self._stage.on_aws:
            # It takes the targets of a rule for the bus's.
            targets = ("events:PutTargets", "events:RemoveTargets")
            allow(role, *targets, on=[self._bus.event_bus_arn])
        allow(role, "events:PutEvents", on=[self._bus.event_bus_arn])
        allow(
            role,
            "ssm:PutParameter",
            "ssm:DeleteParameter",
            on=[self._secret_arns()],
            reason=_NAMED_LATER,
        )
        allow(role, "sns:Subscribe", on=[self.mail.topic_arn])
        allow(role, "sns:Unsubscribe", on=[f"{self.mail.topic_arn}:*"], reason=_NAMED_LATER)
        allow(role, "sqs:SendMessage", "sqs:GetQueueAttributes", on=[self.queue.queue_arn])
        allow(
            role,
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            on=[self.dead_letters.queue_arn],
        )
        self._allow_switch(role)

    def mended_by(self, function: ServiceFunction) -> None:
        """Let `function` switch deliveries as the hooks want it."""
        self.table.allow_list(function.execution_role)
        self._allow_switch(function.execution_role)
        found = DeliverySettings(self.settings.hooks_table, self.settings.hook_mapping)
        for name, value in found.to_env().items():
            function.add_environment(name, value)

    def _allow_switch(self, role: iam.Role) -> None:
        switch = ("lambda:GetEventSourceMapping", "lambda:UpdateEventSourceMapping")
        allow(role, *switch, on=[self._feed_arn])

    def _rule_arns(self) -> str:
        return Stack.of(self).format_arn(
            service="events",
            resource="rule",
            resource_name=f"{self._bus.event_bus_name}/{RULE_START}*",
        )

    def _secret_arns(self) -> str:
        return Stack.of(self).format_arn(
            service="ssm",
            resource=f"parameter{self._secrets}/*",
            arn_format=ArnFormat.NO_RESOURCE_NAME,
        )

    def _let_rules(self, action: str, on: str) -> iam.PolicyStatement:
        """What the rules of this bus, and no others, may do."""
        return iam.PolicyStatement(
            sid="HooksSend",
            principals=[iam.ServicePrincipal("events.amazonaws.com")],
            actions=[action],
            resources=[on],
            conditions={
                "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                "ArnLike": {"aws:SourceArn": self._rule_arns()},
            },
        )


_NAMED_LATER = "An admin names a hook later; the grant ends at the bus and path of the stage."
