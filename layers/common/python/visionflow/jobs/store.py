"""Training jobs in DynamoDB: each change of state on the condition that the change is due.

Rows: ``JOB / <id>`` for a record (ids sort by time, so the newest are read first without a scan)
and ``<reporter> / <job id>`` for a report. A reporter is the ``aws:userid`` of the machine's role
(``role id:instance id``), so that a policy can hold each machine to its own row.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from visionflow import dynamodb, strict
from visionflow.errors import JobConflictError, JobNotFoundError
from visionflow.jobs.record import FOLLOWS, JobChanges, JobRecord, JobReport, JobState

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

R = TypeVar("R", JobRecord, JobReport)

JOBS = "JOB"
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
                Item=_item(JOBS, record.id, record),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise JobConflictError(f"There is a job {record.id} already.") from error

    def get(self, job_id: str) -> JobRecord:
        """Read a record, consistently. Raises `JobNotFoundError`."""
        found = self._read(JOBS, job_id, JobRecord) if JOB_ID.fullmatch(job_id) else None
        if found is None:
            raise JobNotFoundError(f"There is no training job {job_id!r:.80}.")
        return found

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
                Item=_item(JOBS, moved.id, moved),
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
        records = tuple(_parse(JobRecord, item) for item in answer["Items"])
        more = "LastEvaluatedKey" in answer
        return dynamodb.Page(
            records, dynamodb.write_cursor(records[-1].id) if more and records else None
        )

    def report(self, record: JobRecord) -> JobReport | None:
        """What the newest machine of a job that reported at all has reported."""
        for reporter in reversed(record.reporters):
            report = self._read(reporter, record.id, JobReport)
            if report is not None:
                return report
        return None

    def current_report(self, record: JobRecord) -> JobReport | None:
        """What the machine that runs now has reported."""
        return self._read(record.reporter, record.id, JobReport) if record.reporter else None

    def put_report(self, report: JobReport) -> None:
        """Write the report; the one call that the machine's role may make here."""
        self._client.put_item(
            TableName=self._table, Item=_item(report.reporter, report.job_id, report)
        )

    def _read(self, pk: str, sk: str, cls: type[R]) -> R | None:
        item = dynamodb.read_item(self._client, self._table, dynamodb.to_item({"pk": pk, "sk": sk}))
        return _parse(cls, item) if item else None


def _item(pk: str, sk: str, row: JobRecord | JobReport) -> dynamodb.Item:
    return dynamodb.to_item({"pk": pk, "sk": sk, **strict.to_dict(row)})


def _parse(cls: type[R], item: Mapping[str, Any]) -> R:
    return strict.parse(cls, dynamodb.from_row(item), f"training job {cls.__name__}")


def _conflict(found: JobRecord, state: JobState) -> JobConflictError:
    return JobConflictError(f"Job {found.id} is {found.state} and cannot become {state}.")


def _start_below(cursor: str) -> dynamodb.Item:
    job_id = dynamodb.read_cursor(cursor)
    if not JOB_ID.fullmatch(job_id):
        raise dynamodb.unknown_cursor()
    return dynamodb.to_item({"pk": JOBS, "sk": job_id})
