"""Embeds a dataset that came at once by the distributed map on a running local cloud; a worker is
killed on the way, and the execution stopped and begun anew. Run by hand, as it takes long:

python -m tests.benchmarks.embedding_map FOLDER STATE [--images N]

``FOLDER`` has a folder of images for each class; ``STATE`` is that of ``visionflow up --state``.
"""

import argparse
import hashlib
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path

import boto3

from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.e2e.cloud import Cloud, Record
from tests.e2e.conftest import processes_of
from visionflow.datasets import rows
from visionflow.datasets.names import content_key
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.timestamps import timestamp

WRITERS = 4
# Of the images are embedded when the worker is killed, and when the execution is stopped.
KILLED_AT, STOPPED_AT = 0.25, 0.5
POLL_S = 0.5


def fill(cloud: Cloud, store: DatasetStore, name: str, files: list[Path]) -> list[str]:
    """Write rows and objects past curation: ready, and without embeddings."""
    at = timestamp(datetime.now(UTC))
    labels = sorted({file.parent.name for file in files})
    classes = tuple(DatasetClass(name=label) for label in labels)
    store.create(Dataset(name=name, created_at=at, created_by="benchmark", classes=classes))

    def put(file: Path) -> str:
        data = file.read_bytes()
        image = DatasetImage(
            sha256=hashlib.sha256(data).hexdigest(),
            state="ready",
            added_at=at,
            added_by="benchmark",
            source="upload",
            bytes=len(data),
            label=file.parent.name,
        )
        store.client.put_item(TableName=store.table, Item=rows.image_item(name, image, 0))
        cloud.s3.put_object(
            Bucket=cloud.outputs.datasets_bucket, Key=content_key(name, image.sha256), Body=data
        )
        return image.sha256

    with ThreadPoolExecutor(WRITERS) as pool:
        return sorted(set(pool.map(put, files)))


def train(cloud: Cloud, name: str) -> str:
    answer = cloud.call("POST", f"/datasets/{name}/train", b"{}", "application/json")
    assert answer.status == 202, answer.body
    return str(answer.body["id"])


def wait(cloud: Cloud, name: str, run_id: str, images: int) -> Record:
    """The run, once ``images`` of its missing embeddings are there, or it has ended or goes on."""
    while True:
        answer = cloud.call("GET", f"/datasets/{name}/runs/{run_id}")
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # The machine is busy: as a page would, ask again.
            time.sleep(POLL_S)
            continue
        run = answer.body
        steps = {step["name"]: step for step in run["steps"]}
        done = steps.get("embed", {}).get("done") or 0
        if done >= images or "fit" in steps or run["state"] in ("done", "failed"):
            return run
        time.sleep(POLL_S)


def kill_worker(cloud: Cloud) -> int:
    """End one process that embeds; returns how many there were."""
    found = [
        process
        for process in processes_of(cloud.emulator)
        if "-Embed" in process.environ().get("AWS_LAMBDA_FUNCTION_NAME", "")
    ]
    for process in found[:1]:
        process.kill()
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("state", type=Path)
    parser.add_argument("--images", type=int, default=50_000)
    asked = parser.parse_args()
    workspace = Workspace(state=asked.state)
    running = emulator.running(workspace)
    assert running is not None, "no local cloud runs there"
    cloud = Cloud(asked.state, running, read_outputs(workspace.outputs), {})
    states = boto3.client("stepfunctions", **running.client_options)
    names = cloud.dynamodb.list_tables(Limit=100)["TableNames"]
    (table,) = (name for name in names if "Data-DatasetTable" in name)
    store, name = DatasetStore(table, cloud.dynamodb), f"map-{secrets.token_hex(4)}"
    files = sorted(file for file in asked.folder.rglob("*") if file.is_file())
    step = max(1, len(files) // asked.images)
    began = time.monotonic()
    hashes = fill(cloud, store, name, files[::step][: asked.images])
    print(json.dumps({"images": len(hashes), "filled_s": time.monotonic() - began}), flush=True)

    began = time.monotonic()
    first = train(cloud, name)
    wait(cloud, name, first, int(KILLED_AT * len(hashes)))
    killed = kill_worker(cloud)
    wait(cloud, name, first, int(STOPPED_AT * len(hashes)))
    (execution,) = (
        found["executionArn"]
        for machine in states.list_state_machines()["stateMachines"]
        for found in states.list_executions(stateMachineArn=machine["stateMachineArn"])[
            "executions"
        ]
        if found["name"] == first
    )
    states.stop_execution(executionArn=execution)
    # The run is marked by an event, a moment later.
    stopped = wait(cloud, name, first, len(hashes) + 1)
    kept = sum(1 for _ in store.curation.contents(name, hashes))
    print(json.dumps({"workers": killed, "stopped": stopped["state"], "kept": kept}), flush=True)

    second = train(cloud, name)
    run = wait(cloud, name, second, len(hashes) + 1)
    seconds = time.monotonic() - began
    embed = next(step for step in run["steps"] if step["name"] == "embed")
    found = [sha256 for sha256, _ in store.curation.contents(name, hashes)]
    outcome = {
        "embeddings": len(found),
        "images": len(set(found)),
        "embedded by the second run": embed["total"],
        "embed_s": seconds,
        "run": run["state"],
    }
    print(json.dumps(outcome), flush=True)
    assert sorted(found) == hashes


if __name__ == "__main__":
    main()
