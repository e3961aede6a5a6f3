"""Backfills on moto: the API, the real state machine's definition, and both functions."""

import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from arro3.io import read_parquet

import lambdas.backfill.handler
import lambdas.chunk.handler
from infra.constructs.backfill.definition import DEFINITION
from lambdas.backfill.settings import BackfillSettings
from lambdas.chunk.settings import ChunkSettings
from tests.images import encode, plain
from tests.integration.conftest import BACKFILLS, Answer, Cloud, Context
from tests.integration.state_machine import StateMachine
from tests.jobs import make_buckets
from visionflow.backfills import chunks

BUCKET = BACKFILLS.backfills_bucket
STEPS = BackfillSettings("jobs", BUCKET, "images", "stage-1", 1769, "x86_64", 4)
CHUNK = ChunkSettings(
    *("jobs", BUCKET, "images", "models", "predictions", "stage-1", 90, 1, 1769, "x86_64")
)
IMAGES = {colour: encode(plain(colour)) for colour in ("red", "green", "blue")}
Task = Callable[[dict[str, Any]], Any]


class Enough(Context):
    """An invocation with some minutes before it."""

    def get_remaining_time_in_millis(self) -> int:
        return 120_000


class Hurried(Context):
    """One that has no time left after its first page."""

    def get_remaining_time_in_millis(self) -> int:
        return 0


class BackfillWorld:
    """``started``: the inputs of executions that wait for `play`."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        make_buckets(BUCKET)
        for settings in (STEPS, CHUNK):
            for name, value in settings.to_env().items():
                monkeypatch.setenv(name, value)
        for module in (lambdas.backfill.handler, lambdas.chunk.handler):
            module.service.cache_clear()
        # Several chunks of few images.
        monkeypatch.setattr(chunks, "LEAST_IMAGES", 5)
        self.started: list[dict[str, Any]] = []
        self.names: set[str] = set()
        states = boto3.client("stepfunctions")
        monkeypatch.setattr("lambdas.clients.states", lambda: self)
        self.exceptions = states.exceptions
        self.tasks: dict[str, Task] = {
            "BackfillFunction": lambda event: lambdas.backfill.handler.lambda_handler(
                event, Enough()
            ),
            "ChunkFunction": lambda event: lambdas.chunk.handler.lambda_handler(event, Enough()),
        }

    def start_execution(self, **asked: str) -> None:
        """As Step Functions' client."""
        assert asked["stateMachineArn"] == BACKFILLS.backfill_machine
        if asked["name"] not in self.names:
            self.names.add(asked["name"])
            self.started.append(json.loads(asked["input"]))

    def fill(self, count: int, prefix: str = "uploads/old/") -> None:
        """Images before there was a queue for them."""
        for number in range(count):
            colour = list(IMAGES)[number % len(IMAGES)]
            self.cloud.drop(f"{prefix}{number:03}-{colour}.jpg", IMAGES[colour])
        self.cloud.messages()

    def post(self, path: str = "/backfills", **body: Any) -> Answer:
        data = json.dumps(body).encode()
        return self.cloud.call("POST", path, body=data, content_type="application/json")

    def start(self, **body: Any) -> str:
        answer = self.post(**{"source": "s3://images/uploads/old/", **body})
        assert answer.status == 202, answer.body
        return str(answer.body["backfill"]["id"])

    def get(self, backfill_id: str) -> Any:
        answer = self.cloud.call("GET", f"/backfills/{backfill_id}")
        assert answer.status == 200, answer.body
        return answer.body

    def play(self) -> None:
        """Let the state machine do what was started."""
        while self.started:
            self.machine = StateMachine(DEFINITION, self.tasks, read=self._text)
            self.machine.run(self.started.pop(0))

    def run(self, **body: Any) -> Any:
        backfill_id = self.start(**body)
        self.play()
        return self.get(backfill_id)

    def rows(self, backfill_id: str) -> list[dict[str, Any]]:
        """All results, as they are in the files."""
        found: list[dict[str, Any]] = []
        listed = self.cloud.s3.list_objects_v2(
            Bucket=BUCKET, Prefix=f"backfills/{backfill_id}/results/"
        )
        for key in sorted(one["Key"] for one in listed.get("Contents", [])):
            data = self.cloud.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
            table = read_parquet(io.BytesIO(data)).read_all()
            columns = {name: table.column(name).to_pylist() for name in table.column_names}
            found += [
                dict(zip(columns, values, strict=True))
                for values in zip(*columns.values(), strict=True)
            ]
        return found

    def break_chunk(self, when: Callable[[dict[str, Any]], bool], error: Exception) -> None:
        """Raise ``error`` for each chunk that ``when`` is true of, until it is not."""
        task = self.tasks["ChunkFunction"]

        def call(event: dict[str, Any]) -> Any:
            if when(event):
                raise error
            return task(event)

        self.tasks["ChunkFunction"] = call

    def _text(self, bucket: str, key: str) -> str:
        assert bucket == "${BackfillsBucket}"
        answer = self.cloud.s3.get_object(Bucket=BUCKET, Key=key)
        return answer["Body"].read().decode()
