"""What earlier trainings of a dataset left: the parts that they divided it into, and their models.

Parts are kept beside the manifests of versions, as long as these: ``{part: [sha256, ...]}``.
"""

import gzip
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from training.data.grouping.scene_features import Float32Array
from training.data.listing import Int64Array
from training.data.training_data import TrainingData
from training.evaluation.intervals import difference_interval
from training.instant.graph import Head, read_head
from visionflow.answers.embedder import trunk_id
from visionflow.datasets.names import parts_key
from visionflow.datasets.record import Part
from visionflow.datasets.run import Compared, InstantRun
from visionflow.datasets.run_store import RunStore
from visionflow.errors import ArtifactError
from visionflow.models.gate import INSTANT
from visionflow.models.manifest import Manifest
from visionflow.models.ref import ModelRef
from visionflow.models.store import ModelStore
from visionflow.objects import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class EarlierTraining:
    """``parts``: of each image, by its SHA-256."""

    run: InstantRun
    model: ModelRef
    parts: Mapping[str, Part]


@dataclass(frozen=True)
class EarlierTrainings:
    """``bucket``: of datasets. ``trunk``: `Embedder.trunk` of the stored embeddings."""

    runs: RunStore
    models: ModelStore
    bucket: str
    s3: "S3Client"
    trunk: str

    def keep(self, run: InstantRun, data: TrainingData, held: Mapping[str, Part]) -> None:
        """Remember the parts of a training, before its model is published, and those that earlier
        ones ``held`` images in that are not among its own: they may come back."""
        own = {sha256 for part in data.splits.parts.values() for sha256 in part.hashes}
        parts = {name: list(part.hashes) for name, part in data.splits.parts.items()}
        for sha256, part in held.items():
            if sha256 not in own:
                parts[part].append(sha256)
        self.s3.put_object(
            Bucket=self.bucket,
            Key=parts_key(run.dataset, run.id),
            Body=gzip.compress(json.dumps(parts).encode(), mtime=0),
            ContentType="application/gzip",
        )

    def last(self, dataset: str, serving: ModelRef | None = None) -> EarlierTraining | None:
        """The last training of ``dataset`` that made a model and whose parts are known; the one
        that made ``serving``, if there is one."""
        made: Iterable[InstantRun] = (
            run for run in self.runs.newest(dataset) if run.state == "done" and run.model_version
        )
        if serving is not None:
            # A stable sort: the newest of the others stays first.
            made = sorted(made, key=lambda run: _model(run) != serving)
        for run in made:
            parts = self._parts(run)
            if parts is not None:
                return EarlierTraining(run, _model(run), parts)
        return None

    def compare(
        self,
        earlier: EarlierTraining,
        own: Head,
        data: TrainingData,
        embeddings: Float32Array,
        left_out: Collection[str] = (),
    ) -> Compared | None:
        """``own`` and the head of ``earlier`` on test images, float32 [N, F], of classes that both
        have and that neither was fitted or chosen on.

        ``left_out``: hashes of images that were collected for what the earlier model said of them,
        so that it would look worse than it is. None where no image is left, or the earlier model
        has another trunk or is gone.
        """
        try:
            manifest = self.models.manifest(earlier.model)
            before = self._head(manifest)
        except ArtifactError:
            return None
        test, labels = data.splits.test, manifest.label_names
        if before is None:
            return None
        # -1: a class that the earlier model lacks.
        index = {label: place for place, label in enumerate(labels)}
        places = np.array([index.get(label, -1) for label in data.labels])
        targets = places[test.targets]
        # Nor one that looks like an image that it was fitted or chosen on.
        seen = np.concatenate(
            [
                data.group_numbers[name][
                    [earlier.parts.get(sha256, "test") != "test" for sha256 in part.hashes]
                ]
                for name, part in data.splits.parts.items()
            ]
        )
        unseen = ~np.isin(data.group_numbers["test"], seen)
        drawn = np.array([sha256 not in left_out for sha256 in test.hashes], bool)
        rows = np.flatnonzero(unseen & drawn & (targets >= 0))
        if not len(rows):
            return None
        groups = data.group_numbers["test"][rows]
        old = _answers(before, embeddings[rows]) == targets[rows]
        new = _answers(own, embeddings[rows]) == test.targets[rows]
        interval = difference_interval(old, new, groups)
        return Compared(
            model=earlier.model.name,
            version=earlier.model.version,
            images=len(rows),
            groups=len(np.unique(groups)),
            before=float(old.mean()),
            after=float(new.mean()),
            difference_low=interval.low,
            difference_high=interval.high,
        )

    def _head(self, manifest: Manifest) -> Head | None:
        """None for one on another trunk, whose embeddings are not the stored ones."""
        if trunk_id(manifest.config.get(INSTANT, {}).get("trunk", {})) != self.trunk:
            return None
        return read_head(self.models.read(manifest, manifest.served_file))

    def _parts(self, run: InstantRun) -> dict[str, Part] | None:
        """None for a training from before they were kept."""
        data = read_object(self.s3, self.bucket, parts_key(run.dataset, run.id))
        if data is None:
            return None
        found: dict[Part, list[str]] = json.loads(gzip.decompress(data))
        return {sha256: part for part, hashes in found.items() for sha256 in hashes}


def _model(run: InstantRun) -> ModelRef:
    return ModelRef(run.model, str(run.model_version))


def _answers(head: Head, embeddings: Float32Array) -> Int64Array:
    answers: Int64Array = np.argmax(embeddings @ head.weights.T + head.bias, axis=1)
    return answers
