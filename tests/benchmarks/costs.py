"""Measures the inputs of `visionflow.costs.estimate` and rewrites ``measured.json``."""

import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import psutil

import lambdas.ingest.handler
import lambdas.predict.handler
from infra.app import build_app
from infra.packaging.assets import project_assets
from infra.stages import LOCAL, PROD
from lambdas.classification.active_model import ActiveModel
from lambdas.ingest.service import IngestService
from lambdas.predict.service import PredictService
from lambdas.telemetry.measurements import reason_metric, status_metric
from tests.benchmarks.contenders.worker import (
    PROJECT,
    install_service,
    photo,
    request,
    uncounted,
)
from tests.benchmarks.figures import Figure, Machine, figure
from visionflow import strict
from visionflow.answers.answer import UnknownReason
from visionflow.costs.amounts import Workload
from visionflow.costs.estimate import estimate
from visionflow.costs.measured import MEASURED_FILE, Measured, MeasuredImage
from visionflow.dynamodb import item_bytes
from visionflow.images import pipeline
from visionflow.images.store import ImageStore, StoredImage
from visionflow.models.manifest import read_artifact
from visionflow.predictions.record import Status
from visionflow.predictions.store import PredictionStore
from visionflow_starter import STARTER

CALLS = 50
SIZES = ((32, 32), (640, 480), (2000, 1500), (4000, 3000))
EVENTS = PROJECT / "tests" / "events"
# What CloudWatch adds to each line: https://aws.amazon.com/cloudwatch/pricing/
LINE_OVERHEAD = 26


# A fresh process, so that the benchmark itself is not counted.
WORKER = """
import psutil
from lambdas import clients
from tests.benchmarks.contenders.worker import SIZES, call, install_service, photo, request
install_service()
clients.s3(), clients.dynamodb()
event = request(photo(SIZES["12 MP"]))
for _ in range(5):
    call(event)
print(round(psutil.Process().memory_info().rss / 1e6, 1))
"""


class _Images(ImageStore):
    """Holds one image, in a bucket with a name as long as CloudFormation makes it."""

    def __init__(self) -> None:
        self.bucket = "visionflow-dev-data-images9bf4437c-1x2y3z4a5b6c"
        self.image = b""

    def fetch(self, *_: object, **__: object) -> StoredImage:
        return StoredImage(self.image, None)

    def write(self, key: str, data: bytes, content_type: str) -> str | None:
        return "3sL4kqtJlcpXroDTDmJrmSpXd3dIbrHY"


class _Table:
    """The part of DynamoDB's client that writes a record; remembers the item's size."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=KeyError)

    def __init__(self) -> None:
        self.item_bytes = 0

    def put_item(self, **call: Any) -> None:
        self.item_bytes = item_bytes(call["Item"])

    def get_item(self, **_: object) -> dict[str, Any]:
        return {}


class _Functions:
    """Both classifying functions, with stores that answer at once and record what is written."""

    def __init__(self) -> None:
        install_service(STARTER)
        active: ActiveModel = lambdas.predict.handler.service().active
        self.images, self.table = _Images(), _Table()
        predictions = PredictionStore("predictions", self.table)  # type: ignore[arg-type]
        parts = (active, self.images, predictions, 30, uncounted())
        lambdas.predict.handler.service = lru_cache(lambda: PredictService(*parts))
        lambdas.ingest.handler.service = lru_cache(lambda: IngestService(*parts))
        self.metrics: set[tuple[str, str]] = set()
        self.log_bytes = 0
        self.infer_ms: list[float] = []

    def direct(self, image: bytes) -> Callable[[], object]:
        event = request(image)

        def call() -> None:
            answer = lambdas.predict.handler.lambda_handler(event, _Context())
            self.infer_ms.append(json.loads(answer["body"])["timings"]["infer"])

        return call

    def dropped(self, image: bytes) -> Callable[[], object]:
        self.images.image = image
        message = json.loads((EVENTS / "sqs_message.json").read_text())
        message["body"] = (EVENTS / "s3_notification.json").read_text()
        return lambda: lambdas.ingest.handler.lambda_handler({"Records": [message]}, _Context())

    def milliseconds(self, name: str, call: Callable[[], object]) -> float:
        """Mean of warm invocations; takes down what they logged and measured."""
        call()
        start = _spent()
        for _ in range(CALLS):
            with redirect_stdout(io.StringIO()) as printed:
                call()
        spent = _spent() - start
        # Of the last call, which was warm.
        lines = printed.getvalue().splitlines()
        self.log_bytes = sum(len(line.encode()) + LINE_OVERHEAD for line in lines)
        for line in lines:
            (directive,) = json.loads(line)["_aws"]["CloudWatchMetrics"]
            self.metrics |= {(name, metric["Name"]) for metric in directive["Metrics"]}
        return 1000 * spent / CALLS


def _spent() -> float:
    """Processor seconds of this process and of those that decode for it, which other load does not
    change. Linux counts the latter in hundredths."""
    decoders = psutil.Process().children()
    return time.process_time() + sum(sum(one.cpu_times()[:2]) for one in decoders)


class _Context:
    function_name = "visionflow"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:visionflow"
    aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def alarms() -> int:
    """The number of alarms of the stage `prod`."""
    with tempfile.TemporaryDirectory() as folder:
        build_app(PROD, project_assets(LOCAL), outdir=folder).synth()
        templates = [json.loads(file.read_text()) for file in Path(folder).glob("*.template.json")]
    return sum(
        resource["Type"] == "AWS::CloudWatch::Alarm"
        for template in templates
        for resource in template["Resources"].values()
    )


def resident_mb() -> float:
    """Resident memory of an idle worker after some large images."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER], capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


def measure(hardware: str) -> Measured:
    functions = _Functions()
    manifest = read_artifact(STARTER)
    images = []
    for size in SIZES:
        data = photo(size)
        images.append(
            MeasuredImage(
                megapixels=size[0] * size[1] / 1e6,
                bytes=len(data),
                http_ms=round(functions.milliseconds("predict", functions.direct(data)), 2),
                s3_ms=round(functions.milliseconds("ingest", functions.dropped(data)), 2),
            )
        )
    outcomes = (
        *map(status_metric, get_args(Status)),
        *map(reason_metric, get_args(UnknownReason)),
    )
    statuses = {(name, outcome) for name in ("predict", "ingest") for outcome in outcomes}
    return Measured(
        measured_at=datetime.now(UTC).date().isoformat(),
        hardware=hardware,
        model=f"{manifest.name} {manifest.version}, {manifest.precision}, {manifest.input.size} px",
        infer_ms=min(functions.infer_ms),
        images=tuple(images),
        record_bytes=functions.table.item_bytes,
        thumbnail_bytes=len(pipeline.thumbnail(pipeline.decode(photo(SIZES[2])))),
        log_bytes=functions.log_bytes,
        resident_mb=resident_mb(),
        metrics=len(functions.metrics | statuses),
        alarms=alarms(),
    )


def report() -> tuple[Figure, ...]:
    found = measure(str(Machine.this()))
    document: dict[str, Any] = strict.to_dict(found)
    MEASURED_FILE.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    figures = []
    for image in found.images:
        cost = estimate(Workload(10_000, image.megapixels), found)
        size = f"{image.megapixels:.2g} MP"
        figures.append(
            figure(
                "costs",
                f"a million images of {size} on AWS, x86_64, 1,769 MB",
                {"HTTP": cost.http.per_million, "S3": cost.s3.per_million},
                "USD",
                note="estimated from the prices and the times of this run",
            )
        )
        figures.append(
            figure(
                "costs",
                f"processor time of the starter's function for an image of {size}",
                {"HTTP": image.http_ms, "S3": image.s3_ms},
                "ms",
                n=f"mean of {CALLS} calls",
                seed=0,
            )
        )
    return tuple(figures)
