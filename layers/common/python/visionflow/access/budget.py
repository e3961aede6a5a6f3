"""The stop of a stage whose monthly budget is spent, and the topic by which it comes about.

AWS Budgets looks at the account's cost several times a day, hours late. The quotas are what holds
a stage within its budget; the stop is for what they do not see.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from visionflow import dynamodb, strict
from visionflow.settings import EnvSettings
from visionflow.timestamps import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sns import SNSClient

STAGE = "STAGE"
# The rows of usage over which the stage's requests and images are spread.
STAGE_ROWS = (STAGE, *(f"{STAGE}#{shard}" for shard in range(1, 4)))
STOPPED = "stopped"
# Later than any clock or report looks back.
_KEPT = timedelta(days=70)

# What the budget function is told: by AWS Budgets in a text of its own (``stop``), by `ingest` when
# the month's images are used up (``pause``), by an admin (``resume``).
Order = Literal["stop", "pause", "resume"]


@dataclass(frozen=True)
class BudgetSettings(EnvSettings):
    """The topic's ARN."""

    budget_topic: str


@dataclass(frozen=True)
class Stop:
    """That the stage classifies nothing and starts no job, since when and why."""

    at: str
    reason: str


@dataclass(frozen=True)
class BudgetState:
    """Whether the stage is stopped until the month ends."""

    stopped: Stop | None


class StageStop:
    """Owns the stop. It is part of the month's rows of usage: it ends with the month, and counting
    sees it without a further read. It is in force when it is in the first row, which is written
    last."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def current(self, now: datetime) -> Stop | None:
        found = dynamodb.read_item(
            self._client, self._table, month_key(STAGE, now), now=now.timestamp()
        )
        return stop_in(dynamodb.from_row(found or {}))

    def stop(self, reason: str, now: datetime) -> None:
        """Refuse images and jobs from now to the end of the month; keeps an earlier reason."""
        stop = strict.to_dict(Stop(timestamp(now), reason))
        for pk in reversed(STAGE_ROWS):
            self._client.update_item(
                TableName=self._table,
                Key=month_key(pk, now),
                UpdateExpression=(
                    f"SET {STOPPED} = if_not_exists({STOPPED}, :stop), expires_at = :end"
                ),
                ExpressionAttributeValues=dynamodb.to_item(
                    {":stop": stop, ":end": expires_at(now)}
                ),
            )

    def resume(self, now: datetime) -> None:
        for pk in reversed(STAGE_ROWS):
            self._client.update_item(
                TableName=self._table,
                Key=month_key(pk, now),
                UpdateExpression=f"REMOVE {STOPPED}",
            )


class BudgetTopic:
    """Tells the budget function what to do."""

    def __init__(self, arn: str, client: "SNSClient") -> None:
        self._arn = arn
        self._client = client

    def send(self, order: Literal["pause", "resume"]) -> None:
        self._client.publish(TopicArn=self._arn, Message=json.dumps({"order": order}))


def order_in(message: str) -> Order:
    """What a message of the topic says. AWS Budgets writes sentences for people."""
    try:
        match json.loads(message):
            case {"order": "pause"}:
                return "pause"
            case {"order": "resume"}:
                return "resume"
    except ValueError:
        pass
    return "stop"


def month_key(pk: str, now: datetime) -> dynamodb.Item:
    """The key of a row of usage."""
    return dynamodb.to_item({"pk": pk, "sk": timestamp(now)[:7]})


def expires_at(now: datetime) -> int:
    """When DynamoDB may forget such a row, in epoch seconds."""
    return int((now + _KEPT).timestamp())


def stop_in(row: dict[str, Any]) -> Stop | None:
    found = row.get(STOPPED)
    return None if found is None else strict.parse(Stop, found, "usage.stopped")
