"""The queue between dropped images and the ingest function."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.permissions import allow
from infra.nag import LOOPBACK_ONLY, acknowledge
from infra.stages import StageConfig
from lambdas.classification.settings import MAX_RECEIVE_COUNT

# Lambda keeps retrying a throttled batch inside the visibility timeout; AWS asks for six times the
# function's own: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT = 6


class DeadLetterQueue(sqs.Queue):
    """Messages that failed after every retry, kept for 14 days."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(
            scope,
            construct_id,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=stage.on_aws,
            retention_period=Duration.days(14),
        )
        if not stage.on_aws:
            acknowledge(self, "AwsSolutions-SQS4", reason=LOOPBACK_ONLY)

    def add_alarm(self, scope: Construct, construct_id: str, description: str) -> None:
        """Ring as soon as there is a message."""
        alarm_above(
            scope,
            construct_id,
            metric=self.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            description=description,
        )


class ImageQueue(Construct):
    """A queue with a dead-letter queue behind it, and alarms.

    Attributes:
        queue: messages from S3, one or more object-created records each.
        dead_letter_queue: messages that failed `MAX_RECEIVE_COUNT` times, kept for 14 days.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        consumer_timeout: Duration,
        what: str = "A dropped image",
        backlog_alarm: bool = True,
        dead_letters: DeadLetterQueue | None = None,
    ) -> None:
        """`what` waits in the queue, as the alarms call it; `backlog_alarm` rings when it waits for
        long. `dead_letters`: another queue's, whose alarm rings for this one too."""
        super().__init__(scope, construct_id)
        self.dead_letter_queue = dead_letters or DeadLetterQueue(self, "DeadLetters", stage=stage)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=stage.on_aws,
            visibility_timeout=Duration.seconds(
                VISIBILITY_TIMEOUTS_PER_FUNCTION_TIMEOUT * consumer_timeout.to_seconds()
            ),
            # Images over the stage's quota wait here. SQS keeps nothing for more than 14 days, the
            # days in the dead-letter queue included.
            retention_period=Duration.days(12),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letter_queue, max_receive_count=MAX_RECEIVE_COUNT
            ),
        )
        if not stage.on_aws:
            acknowledge(self.queue, "AwsSolutions-SQS4", reason=LOOPBACK_ONLY)
        if dead_letters is None:
            self.dead_letter_queue.add_alarm(
                self, "DeadLetterAlarm", f"{what} could not be processed after every retry."
            )
        if backlog_alarm:
            alarm_above(
                self,
                "BacklogAlarm",
                metric=self.queue.metric_approximate_age_of_oldest_message(
                    period=Duration.minutes(5), statistic=cloudwatch.Stats.MAXIMUM
                ),
                limit=Duration.minutes(15).to_seconds(),
                description=f"{what} has waited for more than 15 minutes.",
            )

    def allow_bury(self, role: iam.Role) -> None:
        """Let `role` put messages that can never be read to the dead letters itself."""
        allow(role, "sqs:SendMessage", on=[self.dead_letter_queue.queue_arn])

    def feed(
        self,
        function: lambda_.IFunction,
        *,
        batch_size: int,
        stage: StageConfig,
        window: Duration | None = None,
    ) -> event_sources.SqsEventSource:
        """Let `function` consume the queue; it repeats only the messages that it reports. A batch
        that is not full waits for `window`."""
        source = event_sources.SqsEventSource(
            self.queue,
            batch_size=batch_size,
            max_batching_window=window,
            max_concurrency=stage.ingest_max_concurrency,
            report_batch_item_failures=True,
        )
        function.add_event_source(source)
        return source
