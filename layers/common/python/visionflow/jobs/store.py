"""Training jobs in DynamoDB: each change of state on the condition that the change is due.

Rows: ``JOB / <id>``; ids sort by time, so the newest are read first without a scan. On the local
cloud ``WORKER / local`` too: when the computer that trains its jobs was last at work.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from visionflow import dynamodb, strict
from visionflow.errors import JobConflictError, JobNotFoundError
from visionflow.jobs.record import ADDED_FIELDS, ENDED, FOLLOWS, JobChanges, JobRecord, JobState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

JOBS = "JOB"
_WORKER = {"pk": "WORKER", "sk": "local"}
JOB_ID = re.compile(r"[0-9A-Z]{26}")


class JobStore:
    """Owns the jobs table."""

    def __init__(self, table: str, client: "DynamoDBClient") -> None:
        self._table = table
        self._client = client

    def add(self, record: JobRecord) -> None:
        """Write a new record. Raises `JobConflictError` when the id is taken."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(record),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise JobConflictError(f"There is a job {record.id} already.") from error

    def get(self, job_id: str) -> JobRecord:
        """Read a record, consistently. Raises `JobNotFoundError`."""
        item = None
        if JOB_ID.fullmatch(job_id):
            item = dynamodb.read_item(self._client, self._table, dynamodb.to_item(_key(job_id)))
        if item is None:
            raise JobNotFoundError(f"There is no training job {job_id!r:.80}.")
        return read_job(item)

    def move(self, record: JobRecord, state: JobState, **changes: Unpack[JobChanges]) -> JobRecord:
        """Write the record in ``state``, with ``changes`` to other fields, and return it.

        Raises `JobConflictError` when ``state`` cannot follow the record's, or when the job
        has moved since ``record`` was read: the whole row is written, and that move would be lost.
        """
        if record.state not in FOLLOWS[state]:
            raise _conflict(record, state)
        moved = replace(record, state=state, **changes)
        seen = {":state": record.state, ":attempt": record.attempt, ":execution": record.execution}
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_item(moved),
                ConditionExpression="#state = :state AND attempt = :attempt AND #run = :execution",
                ExpressionAttributeNames={"#state": "state", "#run": "execution"},
                ExpressionAttributeValues=dynamodb.to_item(seen),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise _conflict(self.get(record.id), state) from error
        return moved

    def page(self, limit: int, cursor: str | None = None) -> dynamodb.Page[JobRecord]:
        """At most ``limit`` records below ``cursor``. Raises `InvalidCursorError`."""
        asked: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :jobs",
            "ExpressionAttributeValues": {":jobs": {"S": JOBS}},
            "ScanIndexForward": False,
            "Limit": limit,
        }
        if cursor is not None:
            asked["ExclusiveStartKey"] = _start_below(cursor)
        answer = self._client.query(**asked)
        records = tuple(read_job(item) for item in answer["Items"])
        more = "LastEvaluatedKey" in answer
        return dynamodb.Page(
            records, dynamodb.write_cursor(records[-1].id) if more and records else None
        )

    def see_worker(self, moment: str) -> None:
        """The computer of the local cloud was at work on jobs at this ``moment``."""
        item = dynamodb.to_item({**_WORKER, "seen_at": moment})
        self._client.put_item(TableName=self._table, Item=item)

    def forget_worker(self) -> None:
        self._client.delete_item(TableName=self._table, Key=dynamodb.to_item(_WORKER))

    def worker_seen(self) -> str | None:
        """When it was last at work, as far as it has not said that it ended."""
        item = dynamodb.read_item(self._client, self._table, dynamodb.to_item(_WORKER))
        return None if item is None else str(dynamodb.from_item(item)["seen_at"])

    def training_on(self, dataset: str) -> str | None:
        """The newest job that has not ended and trains on a version of ``dataset``, if any."""
        rows = dynamodb.query(
            self._client,
            self._table,
            "pk = :jobs",
            {":jobs": JOBS},
            forward=False,
            names=("sk", "state", "request"),
            consistent=True,
        )
        for row in map(dynamodb.from_item, rows):
            if row["request"].get("dataset") == dataset and row["state"] not in ENDED:
                return str(row["sk"])
        return None


def _key(job_id: str) -> dict[str, str]:
    return {"pk": JOBS, "sk": job_id}


def _item(record: JobRecord) -> dynamodb.Item:
    return dynamodb.to_item({**_key(record.id), **strict.to_dict(record)})


def read_job(item: Mapping[str, Any]) -> JobRecord:
    """A record from its row, as attribute values, whichever release wrote it."""
    row = dynamodb.from_row(item)
    # A record from before promotion became a step of its own.
    row["request"].pop("promote", None)
    # One from before jobs trained on datasets lacks these.
    row["request"] = {**ADDED_FIELDS, **row["request"]}
    return strict.parse(JobRecord, row, "training job")


def _conflict(found: JobRecord, state: JobState) -> JobConflictError:
    return JobConflictError(f"Job {found.id} is {found.state} and cannot become {state}.")


def _start_below(cursor: str) -> dynamodb.Item:
    job_id = dynamodb.read_cursor(cursor)
    if not JOB_ID.fullmatch(job_id):
        raise dynamodb.unknown_cursor()
    return dynamodb.to_item(_key(job_id))
