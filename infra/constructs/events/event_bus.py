"""The stage's event bus, and the function that fills it from the tables' streams."""

from collections.abc import Mapping
from typing import Any, Final

from aws_cdk import Duration
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as event_sources
from constructs import Construct

from infra.constructs.permissions import allow
from infra.constructs.service_function import Package, ServiceFunction, Size
from infra.constructs.storage.image_queue import DeadLetterQueue
from infra.constructs.storage.stores import Stores
from infra.constructs.storage.tables import OnDemandTable
from infra.nag import acknowledge
from infra.stages import StageConfig
from lambdas.events.settings import EventsSettings
from visionflow.backfills.store import BACKFILLS

TIMEOUT = Duration.seconds(60)
# As the counters, the other reader of that stream: with pauses that grow, about a day.
STREAM_BATCH = 500
STREAM_RETRIES = 100
# The most that Lambda allows.
ALARM_RETRIES = 2

_ADDED: Final = {"eventName": ["INSERT", "MODIFY"]}
_ENDED: Final = {"S": ["succeeded", "failed", "cancelled", "done", "stopped"]}


def _rows(**attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {**_ADDED, "dynamodb": {"NewImage": attributes}}


# Of each stream, which rows may be told: Lambda filters the others for nothing, and the function
# looks more closely. https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
_MOVES: Final = _rows(pk={"S": ["HISTORY"]})
_JOBS: Final = _rows(pk={"S": ["JOB", BACKFILLS]}, state=_ENDED)
_RUNS: Final = _rows(pk={"S": [{"prefix": "RUNS#"}]}, state=_ENDED)


class StageEvents(Construct):
    """The bus and its one sender. Costs nothing while nothing happens.

    Attributes:
        bus: every event of the stage, by `visionflow.events.shapes`; add rules of your own.
        function: reads records, so it is deployed before what writes them.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: StageConfig,
        package: Package,
        stores: Stores,
        jobs: OnDemandTable,
        dead_letters: DeadLetterQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bus = events.EventBus(self, "Bus", description=f"What happens in stage {stage.name}")
        self.function = ServiceFunction(
            self,
            "Events",
            stage=stage,
            package=package,
            size=Size(memory_mb=stage.api_memory_mb, timeout=TIMEOUT),
            environment=EventsSettings(
                event_bus=self.bus.event_bus_name,
                predictions_table=stores.predictions.table_name,
                registry_table=stores.registry.table_name,
                jobs_table=jobs.table_name,
                datasets_table=stores.datasets_table.table_name,
                unsent_queue_url=dead_letters.queue_url,
                own_records=int(stage.records == "own"),
            ).to_env(),
        )
        role = self.function.execution_role
        allow(role, "events:PutEvents", on=[self.bus.event_bus_arn])
        allow(role, "events:ListRules", on=["*"])
        # It also lets the function itself send messages there.
        failed = event_sources.SqsDlq(dead_letters)
        for table, rows in (
            (stores.predictions, _ADDED),
            (stores.registry, _MOVES),
            (jobs, _JOBS),
            (stores.datasets_table, _RUNS),
        ):
            self.function.add_event_source(_stream(table, rows, failed))
        acknowledge(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            reason="X-Ray's calls, DynamoDB's ListStreams, which Lambda needs to read a stream, "
            "and EventBridge's ListRules know no resources.",
        )
        self._hear_alarms(stage, dead_letters)

    def _hear_alarms(self, stage: StageConfig, dead_letters: DeadLetterQueue) -> None:
        """CloudWatch tells the account's default bus of every alarm; those of this stage have the
        names that CloudFormation gave them."""
        self.function.configure_async_invoke(
            retry_attempts=ALARM_RETRIES, on_failure=destinations.SqsDestination(dead_letters)
        )
        events.Rule(
            self,
            "Alarms",
            event_pattern=events.EventPattern(
                source=["aws.cloudwatch"],
                detail_type=["CloudWatch Alarm State Change"],
                detail={"alarmName": events.Match.prefix(f"VisionFlow-{stage.title}-")},
            ),
            targets=[targets.LambdaFunction(self.function)],
        )


def _stream(
    table: dynamodb.ITable, rows: Mapping[str, Any], failed: event_sources.SqsDlq
) -> event_sources.DynamoEventSource:
    return event_sources.DynamoEventSource(
        table,
        starting_position=lambda_.StartingPosition.TRIM_HORIZON,
        batch_size=STREAM_BATCH,
        max_batching_window=Duration.seconds(1),
        filters=[dict(rows)],
        bisect_batch_on_error=True,
        report_batch_item_failures=True,
        retry_attempts=STREAM_RETRIES,
        on_failure=failed,
    )
