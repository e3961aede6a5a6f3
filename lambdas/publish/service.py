"""From the finished run in a machine's folder to a version that can serve.

The machine that trained has no right to touch a model, and nothing that it says decides anything:
job, name and version are those of the job's record, the limits of the gate are the stage's, and
what the version can do is measured here, on images that the machine never had.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lambdas.publish.confined import confined
from lambdas.publish.run_files import fetch_run
from lambdas.publish.verification import (
    LabelledImage,
    SealedImages,
    check_claims,
    check_finite,
    measure,
)
from visionflow.addresses import place_of
from visionflow.datasets.run_store import RunStore
from visionflow.datasets.versions import VersionStore
from visionflow.errors import (
    AliasConflictError,
    ArtifactError,
    ConfigError,
    DatasetMissingError,
    DatasetVersionMissingError,
    JobRefusedError,
    ModelRetiredError,
)
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.options import published_as
from visionflow.jobs.record import JobRecord
from visionflow.jobs.reports import whole_reason
from visionflow.jobs.sealed import SealedSet
from visionflow.jobs.store import JobStore
from visionflow.labels import composed
from visionflow.models.gate import INSTANT, GateLimits, check_gate
from visionflow.models.manifest import Manifest
from visionflow.models.promotion_rule import Verified
from visionflow.models.publication import Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow.sentences import say

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A sealed image that somebody has deleted or replaced since.
_CHANGED = ("404", "NoSuchKey", "412", "PreconditionFailed")
_REFUSALS = (ArtifactError, ConfigError, JobRefusedError, DatasetMissingError, ModelRetiredError)
# Of the child that opens the model; a served one needs a quarter of the memory.
_MEMORY = 3 * 1024**3
_SECONDS = 200


@dataclass(frozen=True)
class Published:
    """How the job ends."""

    job_id: str
    next: Literal["end"]
    state: Literal["succeeded", "failed"]
    reason: str | None
    model: ModelRef | None


@dataclass(frozen=True)
class JobPublisher:
    """The publishing step, without its event's shape."""

    jobs: JobStore
    folders: JobFolders
    s3: "S3Client"
    models: ModelStore
    registry: ModelRegistry
    limits: GateLimits
    versions: VersionStore
    runs: RunStore
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def publish(self, job_id: str, folder: Path) -> Published:
        """Publish the job's run by way of the empty ``folder``.

        A run that may not be published is how the job ends; a fault of the platform is raised, for
        the state machine to try again.
        """
        record = self.jobs.get(job_id)
        run = folder / "run"
        try:
            manifest, sealed = self._checked(record, run)
            images = self._fetch(record, sealed, folder / "sealed") if sealed else SealedImages()
            found = None
            if images.images:
                found = _measured(run, manifest, images)
                check_claims(manifest, found, self.limits.min_agreement)
            order = Order(f"training job {job_id}", self.clock())
            publisher = Publisher(self.models, self.registry)
            manifest = self._with_source(record, manifest, sealed)
            publisher.publish(run, manifest, lambda: order, promote=False, verified=found)
            self._keep_lineage(record, manifest)
        except _REFUSALS as error:
            # It may quote what the machine wrote.
            reason = whole_reason(say("not_published", error=error))
            return Published(job_id, "end", "failed", reason, None)
        note = self._by_rule(record, manifest, found, images, folder / "production")
        model = ModelRef(manifest.name, manifest.version)
        return Published(job_id, "end", "succeeded", note, model)

    def _checked(self, record: JobRecord, run: Path) -> tuple[Manifest, SealedSet | None]:
        """The manifest of the job's run, held against all that is known of the job."""
        report = self.folders.report(record)
        if report is None or report.outcome is None or report.outcome.kind != "finished":
            raise JobRefusedError(f"job {record.id} has no finished run.")
        manifest = fetch_run(self.folders, self.s3, report.reporter, run)
        expected = published_as(record)
        if ModelRef(manifest.name, manifest.version) != expected:
            raise ArtifactError(
                f"the run says that it is {manifest.name!r:.60} {manifest.version!r:.60}, and the "
                f"job makes {expected.name} {expected.version}"
            )
        check_finite(manifest)
        if claimed := sorted({INSTANT, "dataset"} & manifest.config.keys()):
            raise ArtifactError(f"a job's run cannot have {claimed[0]!r} in its config")
        sealed = self.folders.sealed(record.id)
        one_image = 1 / max(1, sealed.least_validation) if sealed else 1.0
        check_gate(manifest, self.limits, one_image)
        labels = set(map(composed, manifest.label_names))
        if sealed and labels != set(sealed.labels):
            raise ArtifactError("the run's labels are not the classes of the job's dataset")
        return manifest, sealed

    def _with_source(
        self, record: JobRecord, manifest: Manifest, sealed: SealedSet | None
    ) -> Manifest:
        """With the version of the dataset that the job trained on. Raises
        `DatasetVersionMissingError` where the dataset was deleted."""
        name, number = record.request.dataset, record.request.dataset_version
        if name is None or number is None:
            return manifest
        version = self.versions.version(name, number)
        # A set from before this was kept has none.
        if sealed and sealed.version_sha256 not in (None, version.sha256):
            raise DatasetVersionMissingError(
                f"{name} was deleted and created again: its version {number} is not the one that "
                "the job trained on."
            )
        return replace(manifest, config={**manifest.config, "dataset": version.source})

    def _keep_lineage(self, record: JobRecord, manifest: Manifest) -> None:
        """The way back: from the version of the dataset to the model."""
        name, number = record.request.dataset, record.request.dataset_version
        if name is not None and number is not None:
            model = ModelRef(manifest.name, manifest.version)
            self.runs.made_by_job(name, number, model, record.id)

    def _fetch(self, record: JobRecord, sealed: SealedSet, folder: Path) -> SealedImages:
        """Download the sealed images, as far as they still are what was sealed."""
        bucket, prefix = place_of(record.request.data)
        kept, files = [], []
        folder.mkdir()
        for number, image in enumerate(sealed.images):
            key, file = prefix + image.name, folder / f"{number}{Path(image.name).suffix}"
            try:
                answer = self.s3.get_object(Bucket=bucket, Key=key, IfMatch=image.etag)
            except self.s3.exceptions.ClientError as error:
                if error.response["Error"]["Code"] not in _CHANGED:
                    raise
                continue
            with answer["Body"] as body:
                file.write_bytes(body.read())
            kept.append(image)
            files.append(LabelledImage(file, image.label))
        # A set that has shrunk is another set.
        return SealedImages(tuple(files), replace(sealed, images=tuple(kept)).sha256)

    def _by_rule(
        self,
        record: JobRecord,
        manifest: Manifest,
        found: Verified | None,
        images: SealedImages,
        folder: Path,
    ) -> str | None:
        """Promote where the admin's rule says so. Returns why not; None where it is off."""
        rule = self.registry.promotion_rule()
        model, current = ModelRef(manifest.name, manifest.version), self.registry.current()
        if not rule.enabled or current == model:
            return None
        beside = None
        if found and found.images >= rule.min_images and current:
            beside = self._beside(current, manifest, images, found.images, folder)
        refusal = rule.refusal(found, beside)
        if refusal is None and found and beside:
            reason = say(
                "promoted_by_rule", top1=found.top1, images=found.images, before=beside.top1
            )
            order = Order(f"training job {record.id}", self.clock(), reason)
            try:
                self.registry.promote(model, order)
            except AliasConflictError as error:
                refusal = str(error)
        return refusal and say("not_promoted", refusal=refusal)

    def _beside(
        self, current: ModelRef, manifest: Manifest, images: SealedImages, most: int, folder: Path
    ) -> Verified | None:
        """What the version in production reaches on ``most`` of the same images; None where that
        cannot be compared."""
        try:
            other = self.models.manifest(current)
            if set(other.label_names) != set(manifest.label_names):
                return None
            # As many as a slower new version could answer.
            same = replace(images, images=images.images[:most])
            return _measured(self.models.fetch(other, folder), other, same)
        except (ArtifactError, ConfigError):
            return None


def _measured(run: Path, manifest: Manifest, images: SealedImages) -> Verified:
    # The rest is for opening the model and for the batch at hand.
    budget = 0.75 * _SECONDS
    return confined(measure, run, manifest, images, budget, memory=_MEMORY, seconds=_SECONDS)
