"""From the finished run in a job's folder to a version that can serve.

The machine that trained has no right to touch a model. What it left is downloaded, verified against
its own checksums and published like any other run, by `visionflow.models.publication`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from visionflow.errors import AliasConflictError, ArtifactError, ConfigError, JobRefusedError
from visionflow.jobs.folder import run_prefix
from visionflow.jobs.record import JobRecord
from visionflow.jobs.store import JobStore
from visionflow.models.manifest import Manifest, read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Published:
    """How the job ends."""

    job_id: str
    next: Literal["end"]
    state: Literal["succeeded", "failed"]
    reason: str | None
    model: ModelRef | None


class JobPublisher:
    """The publishing step, without its event's shape."""

    def __init__(
        self,
        jobs: JobStore,
        jobs_bucket: str,
        s3: "S3Client",
        models: ModelStore,
        registry: ModelRegistry,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._jobs = jobs
        self._bucket = jobs_bucket
        self._s3 = s3
        self._publisher = Publisher(models, registry)
        self._clock = clock

    def publish(self, job_id: str, folder: Path) -> Published:
        """Publish the job's run by way of the empty ``folder``.

        A run that may not be published is how the job ends; a fault of the platform is raised, for
        the state machine to try again.
        """
        record = self._jobs.get(job_id)
        order = Order(f"training job {job_id}", self._clock(), "asked for with the job")
        reason = None
        try:
            manifest = self._finished(record, folder)
            self._publisher.publish(folder, manifest, lambda: order, promote=record.request.promote)
        except (ArtifactError, ConfigError, JobRefusedError) as error:
            return Published(job_id, "end", "failed", f"Not published: {error}", None)
        except AliasConflictError as error:
            reason = f"Published, but not promoted: {error}"
        model = ModelRef(manifest.name, manifest.version)
        return Published(job_id, "end", "succeeded", reason, model)

    def _finished(self, record: JobRecord, folder: Path) -> Manifest:
        report = self._jobs.report(record)
        if report is None or report.outcome is None or report.outcome.kind != "finished":
            raise JobRefusedError(f"job {record.id} has no finished run.")
        self._download(run_prefix(report.reporter), folder)
        return read_artifact(folder)

    def _download(self, prefix: str, folder: Path) -> None:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        for page in pages:
            for found in page.get("Contents", []):
                name = found["Key"].removeprefix(prefix)
                target = folder / name
                if not target.resolve().is_relative_to(folder.resolve()):
                    raise ArtifactError(f"{found['Key']}: is not a path below the run")
                target.parent.mkdir(parents=True, exist_ok=True)
                self._s3.download_file(self._bucket, found["Key"], str(target))
