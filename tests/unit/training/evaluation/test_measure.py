from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from tests.tiny_model import LABELS, SIDE, write_tiny_artifact
from tests.unit.training.evaluation.colours import colour_set, tiny_classifier
from training.data import image_set
from training.data.image_set import LARGEST_BATCH, ImageSet
from training.errors import DatasetError
from training.evaluation.measure import EMBEDDINGS, measure_folder, measure_split
from visionflow.answers.classifier import Classifier, FloatArray
from visionflow.errors import ArtifactError
from visionflow.images.pipeline import UInt8Array


def write_images(folder: Path, *labels: str) -> Path:
    """Two images of each label, of its colour where it is one."""
    for label in labels:
        (folder / label).mkdir(parents=True)
        for i in range(2):
            pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
            pixels[..., LABELS.index(label) if label in LABELS else 0] = 200 + i
            Image.fromarray(pixels).save(folder / label / f"{i}.png")
    return folder


def test_a_split_is_measured_in_batches_as_in_one(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path)
    images = colour_set(LARGEST_BATCH + 7)
    measured = measure_split(classifier, images)
    logits, embeddings, _ = classifier.run(images.images)
    np.testing.assert_allclose(measured.logits, logits, rtol=1e-5)
    assert measured.sample.tolist() == list(range(len(images)))
    np.testing.assert_allclose(measured.embeddings, embeddings, rtol=1e-5)


def test_embeddings_are_kept_of_a_drawn_sample_alone(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path)
    images = colour_set(EMBEDDINGS + 300)
    one, same, other = (measure_split(classifier, images, seed) for seed in (1, 1, 2))
    assert one.embeddings.shape == (EMBEDDINGS, 3)
    np.testing.assert_allclose(
        one.embeddings, classifier.run(images.images[one.sample])[1], rtol=1e-5
    )
    assert np.array_equal(one.sample, same.sample)
    assert not np.array_equal(one.sample, other.sample)


def test_probabilities_are_those_that_the_classifier_serves(tmp_path: Path) -> None:
    classifier = tiny_classifier(tmp_path)
    classifier.manifest = replace(classifier.manifest, temperature=2.5)
    images = colour_set(3)
    served = classifier.classify(images.images)
    probabilities = measure_split(classifier, images).probabilities(2.5)
    assert probabilities.max(axis=1) == pytest.approx([one.scores[0].confidence for one in served])


def test_a_folder_is_measured_in_the_order_of_the_models_labels(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    # Sorted, the folders are blue, green, red: the reverse of the model's order.
    evaluation = measure_folder(tmp_path / "artifact", write_images(tmp_path / "data", *LABELS))
    assert (evaluation.images, evaluation.top1) == (6, 1)
    assert tuple(scores.label for scores in evaluation.classes) == LABELS
    assert evaluation.unmeasured == ()


def test_a_folder_is_never_in_memory_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_set, "BATCH_PIXELS", 4 * SIDE * SIDE)
    seen: list[int] = []
    run = Classifier.run

    def recorded(classifier: Classifier, images: UInt8Array) -> Any:
        seen.append(len(images))
        return run(classifier, images)

    monkeypatch.setattr(Classifier, "run", recorded)
    write_tiny_artifact(tmp_path / "artifact")
    evaluation = measure_folder(tmp_path / "artifact", write_images(tmp_path / "data", *LABELS))
    assert (evaluation.images, evaluation.top1) == (6, 1)
    assert seen == [4, 2]


def test_large_images_are_measured_a_few_at_a_time(tmp_path: Path) -> None:
    seen: list[int] = []

    class Network:
        def run(self, images: UInt8Array) -> tuple[FloatArray, FloatArray, None]:
            seen.append(len(images))
            return np.zeros((len(images), 3), np.float32), np.zeros((len(images), 2), "f4"), None

    images = ImageSet(LABELS, np.zeros((16, 224, 224, 3), np.uint8), np.zeros(16, np.int64), ())
    measure_split(cast(Classifier, Network()), images)
    assert seen == [7, 7, 2]


def test_a_folder_may_lack_labels(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    evaluation = measure_folder(tmp_path / "artifact", write_images(tmp_path / "data", "blue"))
    assert (evaluation.images, evaluation.top1) == (2, 1)
    assert evaluation.unmeasured == ("red", "green")


def test_a_label_that_the_model_never_had_is_refused(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    with pytest.raises(DatasetError, match="the model has no class yellow, only red, green, blue"):
        measure_folder(tmp_path / "artifact", write_images(tmp_path / "data", "red", "yellow"))


def test_a_divided_folder_is_answered_with_the_part_to_take(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    write_images(tmp_path / "data" / "test", *LABELS)
    with pytest.raises(DatasetError, match=r"divided into parts.*data.test"):
        measure_folder(tmp_path / "artifact", tmp_path / "data")


def test_a_divided_folder_without_test_images_is_so_too(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    write_images(tmp_path / "data" / "valid", *LABELS)
    with pytest.raises(DatasetError, match=r"divided into parts.*data.valid"):
        measure_folder(tmp_path / "artifact", tmp_path / "data")


def test_an_altered_artifact_is_not_measured(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "artifact")
    (tmp_path / "artifact" / "model.onnx").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="checksum"):
        measure_folder(tmp_path / "artifact", write_images(tmp_path / "data", *LABELS))


def test_a_folder_may_be_nested_as_the_labels_are(tmp_path: Path) -> None:
    manifest = write_tiny_artifact(tmp_path / "tiny", nested=True)
    images = tmp_path / "images"
    write_images(images / "warm", "red", "green")
    write_images(images, "blue")
    found = measure_folder(tmp_path / "tiny", images)
    assert (found.images, found.top1) == (6, 1.0)
    assert [scores.label for scores in found.classes] == list(manifest.label_names)
    assert found.levels is not None
    assert [(one.names, one.top1) for one in found.levels.levels] == [(2, 1.0), (3, 1.0)]
    assert found.levels.served.leaf == 1.0

    flat = write_images(tmp_path / "flat", *LABELS)
    assert measure_folder(tmp_path / "tiny", flat).levels == found.levels
    write_images(images / "warm", "purple")
    with pytest.raises(DatasetError, match="the model has no class purple"):
        measure_folder(tmp_path / "tiny", images)


def test_a_class_below_another_parent_is_refused(tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "tiny", nested=True)
    write_images(tmp_path / "images" / "warm", "blue", "green")
    with pytest.raises(DatasetError, match="have this class in blue"):
        measure_folder(tmp_path / "tiny", tmp_path / "images")
