"""A running local cloud, used from outside like a person or a program would."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.error import HTTPError

import boto3

from infra.local_cloud.emulator import Emulator
from infra.local_cloud.outputs import Outputs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")
Record = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; ``body`` is its JSON."""

    status: int
    content_type: str
    body: Record


def eventually(look: Callable[[], T | None], within: float, what: str) -> T:
    """Return the first result of ``look`` that is not None; fails after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:.0f} s: {what}")
        time.sleep(0.1)


@dataclass(frozen=True)
class Cloud:
    """The outputs of ``visionflow up`` and clients with the account's root key."""

    state: Path
    emulator: Emulator
    outputs: Outputs
    answers: dict[str, Record]

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", **self.emulator.client_options)

    @cached_property
    def sqs(self) -> "SQSClient":
        return boto3.client("sqs", **self.emulator.client_options)

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        return boto3.client("dynamodb", **self.emulator.client_options)

    def drop(self, key: str, data: bytes) -> str:
        """Put an object into the images bucket; returns its version id."""
        answer = self.s3.put_object(Bucket=self.outputs.images_bucket, Key=key, Body=data)
        return answer["VersionId"]

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str | None = None,
        query: Mapping[str, str | int] = MappingProxyType({}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        url = f"{self.outputs.api_url}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310
        if content_type is not None:
            request.add_header("Content-Type", content_type)
        try:
            response = urllib.request.urlopen(request, timeout=60)  # noqa: S310
        except HTTPError as error:
            response = error
        with response:
            kind = response.headers["Content-Type"]
            return Answer(response.status, kind, json.loads(response.read()))

    def head(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer to HEAD."""
        request = urllib.request.Request(f"{self.outputs.api_url}{path}", method="HEAD")  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return response.status, response.headers["Content-Type"], response.read()

    def logs(self, **query: str | int) -> Iterator[Record]:
        """Every record of a query, newest first, page by page."""
        cursor: dict[str, str] = {}
        while True:
            page = self.call("GET", "/logs", query={"limit": 100, **query, **cursor}).body
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def records_of(self, keys: set[str]) -> list[Record]:
        """The records of objects in the images bucket, newest first."""
        return [record for record in self.logs(source="s3") if record["image"]["key"] in keys]

    def wait_for(self, keys: set[str], within: float) -> list[Record]:
        """The records of all ``keys``, once there is at least one for each."""

        def look() -> list[Record] | None:
            records = self.records_of(keys)
            return records if {record["image"]["key"] for record in records} == keys else None

        return eventually(look, within, f"records of {len(keys)} objects")

    def wait_until_idle(self, within: float = 30) -> None:
        """Return once the queue holds no message, visible or in flight."""
        url = self.outputs.queue_url
        eventually(lambda: True if self.messages(url) == 0 else None, within, "an empty queue")

    def messages(self, queue_url: str) -> int:
        """Messages of a queue, waiting or in flight."""
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
        counts = cast("Mapping[str, str]", answer["Attributes"])
        states = ("", "NotVisible", "Delayed")
        return sum(int(counts[f"ApproximateNumberOfMessages{state}"]) for state in states)
