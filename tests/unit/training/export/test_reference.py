from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.tiny_model import SIDE, tiny_graph, write_tiny_artifact
from training.data.image_set import ImageSet
from training.export.gate_checks import Outputs, session_outputs
from training.export.reference import write_reference
from visionflow.answers.classifier import Classifier
from visionflow.models.drift import Reference, read_sketch


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    return Classifier(tiny_graph(), write_tiny_artifact(tmp_path / "tiny"))


@pytest.fixture
def images() -> ImageSet:
    """Plain colours: 60 mostly red, 40 mostly blue."""
    draw = np.random.default_rng(1)
    colours = draw.integers(0, 120, (100, 1, 1, 3))
    colours[:60, ..., 0] += 130
    colours[60:, ..., 2] += 130
    images = np.broadcast_to(colours, (100, SIDE, SIDE, 3)).astype(np.uint8)
    names = tuple(f"{index}.png" for index in range(100))
    return ImageSet(("red", "green", "blue"), images, np.zeros(100, np.int64), names)


def answers(classifier: Classifier, images: ImageSet) -> Outputs:
    return session_outputs(classifier, images.images)


def test_the_reference_is_what_serving_answers(
    classifier: Classifier, images: ImageSet, tmp_path: Path
) -> None:
    name = write_reference(classifier.manifest, answers(classifier, images), tmp_path, seed=0)
    reference = Reference.parse((tmp_path / name).read_bytes())
    assert reference.images == 100
    assert reference.labels == {"red": 60, "green": 0, "blue": 40}
    _, embeddings, _ = classifier.run(images.images)
    steps = np.array([read_sketch(reference.embedding.sketch(e)) for e in embeddings]) / 16
    assert np.abs(steps.mean(axis=0)).max() < 0.02
    assert steps.std(axis=0) == pytest.approx(1, abs=0.03)
    correlation = np.corrcoef(steps.T) - np.eye(3)
    assert np.abs(correlation).max() < 0.05


def test_of_very_many_images_some_are_drawn(
    classifier: Classifier, images: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.export.reference.MOST_IMAGES", 30)
    given = answers(classifier, images)
    first = write_reference(classifier.manifest, given, tmp_path, seed=0)
    text = (tmp_path / first).read_bytes()
    assert Reference.parse(text).images == 30
    write_reference(classifier.manifest, given, tmp_path, seed=0)
    assert (tmp_path / first).read_bytes() == text


def test_parents_are_counted_as_they_are_answered(images: ImageSet, tmp_path: Path) -> None:
    """Under the threshold a red image is called warm, as serving calls it."""
    manifest = write_tiny_artifact(tmp_path / "tiny", unknown_threshold=0.97, nested=True)
    classifier = Classifier(tiny_graph(), manifest)
    served = Counter(one.label for one in classifier.classify(images.images))
    assert served["warm"] > 0
    name = write_reference(manifest, answers(classifier, images), tmp_path, seed=0)
    counts = Reference.parse((tmp_path / name).read_bytes()).labels
    assert list(counts) == ["red", "green", "blue", "warm"]
    assert {label: count for label, count in counts.items() if count} == served
