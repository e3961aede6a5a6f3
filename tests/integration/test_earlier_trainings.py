"""What a training takes over from earlier ones of its dataset: parts, and a model to compare."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import numpy as np
import onnx
import pytest

from lambdas.instant.earlier import EarlierTraining, EarlierTrainings
from lambdas.instant.handler import config_of
from lambdas.instant.training_set import divided
from tests.jobs import make_buckets, make_pair_table
from training.data.training_data import TrainingData
from training.instant.graph import Head, with_head
from visionflow.datasets.record import Part, VersionImage
from visionflow.datasets.run import InstantRun, RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.errors import ArtifactError
from visionflow.models.manifest import FileEntry, Manifest, read_artifact
from visionflow.models.ref import ModelRef
from visionflow_starter import STARTER

AT = "2030-01-01T00:00:00Z"
RESULT = RunResult(top1=0.9, top1_low=0.8, top1_high=1.0, images=4, groups=4, worst=())
FEATURES = 1280


class PublishedHeads:
    """A store of models with the head of one."""

    def __init__(self, manifest: Manifest, head: Head) -> None:
        self._manifest, self._head = manifest, head
        self.gone = False

    def manifest(self, _model: ModelRef) -> Manifest:
        if self.gone:
            raise ArtifactError("gone")
        return self._manifest

    def read(self, manifest: Manifest, entry: FileEntry) -> bytes:
        assert entry == manifest.served_file
        trunk = onnx.load(STARTER / read_artifact(STARTER).served_file.path)
        file: bytes = with_head(trunk, self._head).SerializeToString()
        return file


@pytest.fixture
def models() -> PublishedHeads:
    """Of cats and dogs; it takes all for dogs."""
    starter = read_artifact(STARTER)
    trunk = {"name": "starter", "version": "1", "sha256": "abc"}
    manifest = replace(
        starter,
        config={"instant": {"trunk": trunk}},
        labels=_labels(starter, "cat", "dog"),
        parents=(),
    )
    weights = np.zeros((2, FEATURES), np.float32)
    return PublishedHeads(manifest, Head(weights, np.array([0, 1], np.float32)))


def _labels(manifest: Manifest, *names: str) -> Any:
    return tuple(replace(manifest.labels[0], name=name, parent=None) for name in names)


@pytest.fixture
def earlier(aws: None, models: Any) -> EarlierTrainings:
    make_pair_table("datasets")
    make_buckets("files")
    runs = RunStore("datasets", boto3.client("dynamodb"))
    return EarlierTrainings(runs, models, "files", boto3.client("s3"), "starter 1 abc")


def image(number: int, label: str, part: Part | None = None, group: int | None = None) -> Any:
    return VersionImage(
        sha256=f"{number:064x}",
        label=label,
        part=part,
        group=None if group is None else f"{group:064x}",
        source="upload",
        added_by="ann",
        added_at=AT,
    )


def pets(*labels: str, each: int = 10) -> list[VersionImage]:
    return [image(100 * n + i, label) for n, label in enumerate(labels) for i in range(each)]


def parts_of(data: TrainingData) -> dict[str, Part]:
    names: tuple[Part, ...] = ("train", "validation", "test")
    return {sha256: name for name in names for sha256 in data.splits.parts[name].hashes}


def divide(images: list[VersionImage], held: dict[str, Part] | None = None) -> TrainingData:
    return divided(images, config_of("pets", "1"), Path("images"), held or {})


def made(
    earlier: EarlierTrainings,
    run_id: str,
    version: str,
    data: TrainingData,
    held: Mapping[str, Part] = MappingProxyType({}),
) -> InstantRun:
    run = earlier.runs.start(
        InstantRun(
            id=run_id,
            dataset="pets",
            version=1,
            model="pets",
            state="waiting",
            started_at=AT,
            started_by="ann",
            promote=False,
        )
    )
    earlier.keep(run, data, held)
    return earlier.runs.finish(run, AT, version, RESULT, serves=False)


def test_new_images_are_divided_and_old_ones_stay_where_they_were() -> None:
    images = pets("cat", "dog", "fox")
    before = parts_of(divide(images))
    after = parts_of(divide([*images, *(image(900 + n, "cat") for n in range(30))], before))
    assert before.items() <= after.items()
    assert {after[f"{900 + n:064x}"] for n in range(30)} == {"train", "validation", "test"}


def test_a_version_that_is_trained_again_is_divided_as_before() -> None:
    """And so gives the same head: see the tests of `training.instant`."""
    images = pets("cat", "dog", each=30)
    first = divide(images)
    again = divide(images[::-1], parts_of(first))
    for name, part in first.splits.parts.items():
        assert again.splits.parts[name].hashes == part.hashes
        np.testing.assert_array_equal(again.group_numbers[name], first.group_numbers[name])


def test_a_group_that_new_images_join_stays_a_test_group() -> None:
    images = pets("cat", "dog")
    before = parts_of(divide(images))
    tested = next(sha256 for sha256, part in before.items() if part == "test")
    trained = next(sha256 for sha256, part in before.items() if part == "train")
    one = [
        replace(each, group=tested) if each.sha256 in (tested, trained) else each for each in images
    ]
    after = parts_of(divide([*one, replace(image(900, "cat"), group=tested)], before))
    assert {after[tested], after[trained], after[f"{900:064x}"]} == {"test"}


def test_a_part_that_people_chose_is_theirs_and_keeps_what_was_tested() -> None:
    images = pets("cat", "dog")
    before = parts_of(divide(images))
    tested = {sha256 for sha256, part in before.items() if part == "test"}
    moved = min(tested)
    chosen = [replace(each, part="train") if each.sha256 == moved else each for each in images]
    after = parts_of(divide([*chosen, image(900, "cat", "test")], before))
    assert after[moved] == "train"
    assert {sha256 for sha256, part in after.items() if part == "test"} == {
        *(tested - {moved}),
        f"{900:064x}",
    }


def test_the_last_training_counts_unless_an_earlier_one_serves(earlier: EarlierTrainings) -> None:
    assert earlier.last("pets") is None
    data = divide(pets("cat", "dog"))
    made(earlier, "2030-1", "1", data)
    made(earlier, "2030-2", "2", data)
    last, serving = earlier.last("pets"), earlier.last("pets", ModelRef("pets", "1"))
    assert last is not None
    assert serving is not None
    assert (last.model.version, serving.model.version) == ("2", "1")
    assert last.parts == parts_of(data)


def test_parts_are_known_after_a_hundred_trainings_that_failed(earlier: EarlierTrainings) -> None:
    """What the last model was tested on would teach the next one otherwise."""
    images = pets("cat", "dog")
    data = divide(images)
    run = made(earlier, "2030-000", "1", data)
    for number in range(1, 102):
        failed = earlier.runs.start(
            replace(run, id=f"2030-{number:03}", state="waiting", result=None)
        )
        earlier.runs.fail("pets", failed.id, AT, "image_missing", "gone")
    last = earlier.last("pets")
    assert last is not None
    assert last.parts == parts_of(data)


def test_parts_of_images_that_are_away_meanwhile_are_remembered(earlier: EarlierTrainings) -> None:
    images = pets("cat", "dog", each=30)
    made(earlier, "2030-1", "1", divide(images))
    first = earlier.last("pets")
    assert first is not None
    tested = next(sha256 for sha256, part in first.parts.items() if part == "test")
    fewer = [each for each in images if each.sha256 != tested]
    made(earlier, "2030-2", "2", divide(fewer, dict(first.parts)), first.parts)
    second = earlier.last("pets")
    assert second is not None
    assert parts_of(divide(images, dict(second.parts)))[tested] == "test"


def test_a_training_whose_parts_are_not_known_is_passed_over(earlier: EarlierTrainings) -> None:
    made(earlier, "2030-1", "1", divide(pets("cat", "dog")))
    run = made(earlier, "2030-2", "2", divide(pets("cat", "dog")))
    earlier.s3.delete_object(Bucket="files", Key=f"versions/pets/parts/{run.id}.json.gz")
    last = earlier.last("pets")
    assert last is not None
    assert last.model.version == "1"


def test_two_models_answer_the_images_that_taught_neither(
    earlier: EarlierTrainings, models: PublishedHeads
) -> None:
    data = divide(pets("cat", "dog", "fox"))
    run = made(earlier, "2030-1", "1", data)
    parts = parts_of(data)
    test = data.splits.test
    labels = [data.labels[target] for target in test.targets]
    # The earlier one was fitted to one of the cats.
    taught = test.hashes[labels.index("cat")]
    before = EarlierTraining(run, ModelRef("pets", "1"), {**parts, taught: "train"})
    # Each image's features name its class, and the new head reads them.
    embeddings = np.zeros((len(test), FEATURES), np.float32)
    embeddings[np.arange(len(test)), test.targets] = 1
    own = Head(np.eye(3, FEATURES, dtype=np.float32), np.zeros(3, np.float32))
    found = earlier.compare(before, own, data, embeddings)
    assert found is not None
    cats, dogs = labels.count("cat") - 1, labels.count("dog")
    assert found.images == cats + dogs
    assert found.before == pytest.approx(dogs / (cats + dogs))
    assert found.after == 1
    assert found.difference_low <= 1 - found.before <= found.difference_high

    # A dog that came in because the earlier model was wrong about it says nothing of others.
    of_dogs = {sha256 for sha256, label in zip(test.hashes, labels, strict=True) if label == "dog"}
    without = earlier.compare(before, own, data, embeddings, of_dogs)
    assert (without.images if without else 0) == cats
    assert earlier.compare(before, own, data, embeddings, set(test.hashes)) is None

    models.gone = True
    assert earlier.compare(before, own, data, embeddings) is None


def test_a_model_on_another_trunk_is_not_compared(earlier: EarlierTrainings) -> None:
    data = divide(pets("cat", "dog"))
    run = made(earlier, "2030-1", "1", data)
    other = replace(earlier, trunk="starter 2 def")
    head = Head(np.zeros((2, FEATURES), np.float32), np.zeros(2, np.float32))
    embeddings = np.zeros((len(data.splits.test), FEATURES), np.float32)
    before = EarlierTraining(run, ModelRef("pets", "1"), parts_of(data))
    assert other.compare(before, head, data, embeddings) is None
