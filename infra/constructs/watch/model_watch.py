"""What happens to a recorded answer: it is counted and watched, and the shadow repeats it."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.alarm import alarm_above
from infra.constructs.permissions import allow
from infra.constructs.service_function import (
    Package,
    ServiceFunction,
    Size,
    disagreement,
    own_metric,
)
from infra.constructs.storage.image_queue import DeadLetterQueue
from infra.constructs.storage.stores import Stores
from infra.nag import acknowledge
from infra.stages import StageConfig
from lambdas.classification.loading import REFUSED_METRIC, REFUSED_SERVICE
from lambdas.counters.handler import TRIAL_METRIC
from lambdas.counters.settings import CountersSettings
from lambdas.shadow.settings import ShadowSettings
from visionflow.events.alarms import DRIFT_METRIC

TIMEOUT = Duration.seconds(60)
# Percent of a day's images that devices and the cloud may call differently, of so many at least.
MOST_DISAGREEMENT = 3
LEAST_COMPARED = 50
STREAM_BATCH = 500
# Of a hundred images, each at its limit of two seconds.
SHADOW_TIMEOUT = Duration.minutes(4)
# The most that Lambda allows.
SHADOW_RETRIES = 2
# With pauses that grow, about a day: as long as the stream keeps a record.
STREAM_RETRIES = 100


class ModelWatch(Construct):
    """The consumer of the predictions table's stream, and the shadow that it calls.

    The shadow cannot run in the function that answers: Lambda freezes a function when it has
    answered, so the caller would wait for any further work. The stream's consumer runs after each
    record anyway, and calls the shadow while there is one, without waiting: Lambda
    keeps the call, tries it again and sends it to the dead letters.

    Attributes:
        readers: the functions of both, which read records.
        dead_letters: what could not be done after an answer was recorded, with an alarm.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        package: Package,
        stores: Stores,
        curation_queue: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = DeadLetterQueue(self, "DeadLetters", stage=stage)
        acknowledge(self.dead_letters, "AwsSolutions-SQS3", reason="It is a dead-letter queue.")
        # One queue for all, since an account has ten alarms for nothing.
        self.dead_letters.add_alarm(
            self,
            "DeadLetterAlarm",
            "What follows a recorded change could not be done after every retry: it was not "
            "counted, not shown to the shadow, or not sent to the event bus.",
        )
        shadow = self._add_shadow(stage, package, stores)
        counters = self._add_counters(stage, package, stores, shadow, curation_queue)
        self.readers = (shadow, counters)
        self._alarm(
            "RefusedAlarm",
            metric=REFUSED_METRIC,
            service=REFUSED_SERVICE,
            description="A function refused a version: its files are missing or altered, or it "
            "does not run. The last good version still serves.",
        )
        self._alarm(
            "TrialAlarm",
            metric=TRIAL_METRIC,
            service="counters",
            description="The rollback rule has rolled a version back.",
        )
        self._alarm(
            "DriftAlarm",
            metric=DRIFT_METRIC,
            service="counters",
            description="The images of the last days are not like those that the version in "
            "production was trained on.",
        )
        if stage.all_alarms:
            alarm_above(
                self,
                "AgreementAlarm",
                metric=disagreement(Duration.days(1), least=LEAST_COMPARED),
                limit=MOST_DISAGREEMENT,
                description="Of the images of a day that devices and the cloud answered by the "
                f"same version, they agree about less than {100 - MOST_DISAGREEMENT} %.",
            )

    def _add_counters(
        self,
        stage: StageConfig,
        package: Package,
        stores: Stores,
        shadow: ServiceFunction,
        curation_queue: sqs.Queue,
    ) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Counters",
            stage=stage,
            package=package,
            size=Size(memory_mb=stage.api_memory_mb, timeout=TIMEOUT),
            environment=CountersSettings(
                models_bucket=stores.models.bucket_name,
                registry_table=stores.registry.table_name,
                insights_table=stores.insights.table_name,
                audit_table=stores.audit.table_name,
                shadow_function=shadow.function_name,
                uncounted_queue_url=self.dead_letters.queue_url,
                datasets_table=stores.datasets_table.table_name,
                curation_queue=curation_queue.queue_url,
            ).to_env(),
        )
        role = function.execution_role
        stores.models.allow_read(role)
        stores.registry.allow_take_back(role)
        stores.insights.allow_count(role)
        stores.audit.allow_add(role)
        allow(role, "lambda:InvokeFunction", on=[shadow.function_arn])
        # For the rules by which records flow into datasets.
        stores.datasets_table.allow_list(role)
        allow(role, "sqs:SendMessage", on=[curation_queue.queue_arn])
        function.add_event_source(
            event_sources.DynamoEventSource(
                stores.predictions,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=STREAM_BATCH,
                max_batching_window=Duration.seconds(1),
                bisect_batch_on_error=True,
                report_batch_item_failures=True,
                retry_attempts=STREAM_RETRIES,
                # It also lets the function itself send messages there.
                on_failure=event_sources.SqsDlq(self.dead_letters),
            )
        )
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray's calls and DynamoDB's ListStreams, which Lambda needs to read a stream, "
            "know no resources.",
        )
        return function

    def _add_shadow(self, stage: StageConfig, package: Package, stores: Stores) -> ServiceFunction:
        function = ServiceFunction(
            self,
            "Shadow",
            stage=stage,
            package=package,
            size=Size(
                memory_mb=stage.ingest_memory_mb,
                timeout=SHADOW_TIMEOUT,
                concurrency=stage.reserved_concurrency.shadow,
            ),
            environment=ShadowSettings(
                images_bucket=stores.images.bucket_name,
                models_bucket=stores.models.bucket_name,
                predictions_table=stores.predictions.table_name,
                registry_table=stores.registry.table_name,
                insights_table=stores.insights.table_name,
                ort_threads=stage.ort_threads,
            ).to_env(),
        )
        role = function.execution_role
        stores.images.allow_read(role, versions=True)
        stores.models.allow_read(role)
        stores.registry.allow_read(role)
        stores.predictions.allow_check(role)
        stores.insights.allow_shadow(role)
        function.configure_async_invoke(
            retry_attempts=SHADOW_RETRIES,
            # Throttled calls wait as long as Lambda lets them.
            max_event_age=Duration.hours(6),
            # It also lets the function send messages there.
            on_failure=destinations.SqsDestination(self.dead_letters),
        )
        return function

    def _alarm(self, construct_id: str, *, metric: str, service: str, description: str) -> None:
        alarm_above(
            self,
            construct_id,
            metric=own_metric(service, metric, cloudwatch.Stats.SUM),
            description=description,
        )
