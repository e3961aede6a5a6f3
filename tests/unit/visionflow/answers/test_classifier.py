import base64
import dataclasses
import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.images import plain
from tests.tiny_model import SIDE, tiny_graph, write_tiny_artifact
from visionflow.answers.classifier import (
    Classification,
    Classifier,
    Explanation,
    softmax,
    unknown_reasons,
)
from visionflow.answers.familiarity import FamiliarImages
from visionflow.errors import ArtifactError
from visionflow.images import pipeline
from visionflow.models.manifest import Familiarity, FileEntry, Manifest

Artifact = tuple[Path, Manifest]


@pytest.fixture
def classifier(tiny_artifact: Artifact) -> Classifier:
    folder, manifest = tiny_artifact
    return Classifier(folder / "model.onnx", manifest)


def test_a_batch_gets_one_answer_each_in_order(classifier: Classifier) -> None:
    spec = classifier.manifest.input
    images = [pipeline.DecodedImage.of(plain(c)) for c in ("blue", "red", "lime")]
    batch = np.stack([pipeline.prepare(image, spec) for image in images])
    answers = classifier.classify(batch)
    assert [answer.scores[0].label for answer in answers] == ["blue", "red", "green"]
    assert all(sum(s.confidence for s in a.scores) == pytest.approx(1) for a in answers)
    np.testing.assert_allclose(answers[0].embedding, [0, 0, 1])


def test_temperature_softens_and_keeps_the_order(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    soft = Classifier(folder / "model.onnx", dataclasses.replace(manifest, temperature=4.0))
    sharp = Classifier((folder / "model.onnx").read_bytes(), manifest)
    batch = np.full((1, SIDE, SIDE, 3), (200, 100, 50), dtype=np.uint8)
    (cool,), (hot,) = soft.classify(batch), sharp.classify(batch)
    assert [s.label for s in cool.scores] == [s.label for s in hot.scores]
    assert cool.scores[0].confidence < hot.scores[0].confidence
    logits = np.array([[200, 100, 50]], dtype=np.float32) / 255 * 10
    expected = softmax((logits / 4).astype(np.float32)).max()
    assert cool.scores[0].confidence == pytest.approx(float(expected), abs=1e-5)


def test_under_the_threshold_the_answer_is_unknown(classifier: Classifier) -> None:
    grey = np.full((1, SIDE, SIDE, 3), 128, dtype=np.uint8)
    red = pipeline.prepare(pipeline.DecodedImage.of(plain("red")), classifier.manifest.input)[None]
    assert not classifier.classify(grey)[0].known
    assert classifier.classify(red)[0].known


def test_an_image_unlike_all_that_was_taught_is_unfamiliar(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    # Taught: red, green and blue, a little mixed. The images are smooth, so detail decides nothing.
    taught = np.tile(np.eye(3, dtype=np.float32), (20, 1))
    taught += np.random.default_rng(0).uniform(0, 0.1, taught.shape).astype(np.float32)
    familiar = FamiliarImages.of(taught, np.tile(np.arange(3), 20), 3)
    (folder / "familiar.npz").write_bytes(familiar.to_bytes())
    rule = Familiarity(FileEntry.of(folder, "familiar.npz"), 0.45, 0.0, 0.95)
    aware = dataclasses.replace(manifest, familiarity=rule)
    classifier = Classifier.of_artifact(folder, aware)
    colours = [(250, 20, 10), (255, 160, 0), (120, 130, 125)]
    batch = np.stack([np.full((SIDE, SIDE, 3), colour, np.uint8) for colour in colours])
    red, orange, grey = classifier.classify(batch)
    assert (red.known, red.unknown) == (True, None)
    assert orange.scores[0].confidence > manifest.unknown_threshold
    # Where both reasons hold, it is the stronger one.
    assert grey.scores[0].confidence < manifest.unknown_threshold
    assert (orange.unknown, grey.unknown) == ("unfamiliar", "unfamiliar")
    assert red.familiarity is not None
    assert grey.familiarity is not None
    assert red.familiarity > 0.45 > grey.familiarity
    without = Classifier(folder / "model.onnx", aware).classify(batch)
    assert [answer.unknown for answer in without] == [None, None, "unsure"]
    assert {answer.familiarity for answer in without} == {None}

    blurred = dataclasses.replace(rule, threshold=-1.0, least_detail=0.6)
    strict_one = Classifier.of_artifact(folder, dataclasses.replace(aware, familiarity=blurred))
    assert strict_one.classify(batch[:1])[0].unknown == "unfamiliar"


def test_what_cannot_be_compared_is_unfamiliar(tiny_artifact: Artifact) -> None:
    _, manifest = tiny_artifact
    rule = Familiarity(FileEntry("familiar.npz", "0" * 64, 1), 0.0, 0.0, 0.95)
    reasons = unknown_reasons(
        dataclasses.replace(manifest, familiarity=rule),
        np.ones(2, np.float32),
        np.array([np.nan, 0.5], np.float32),
        np.zeros((2, SIDE, SIDE, 3), np.uint8),
    )
    assert reasons == ["unfamiliar", None]


def test_familiar_images_of_another_model_are_refused(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    other = FamiliarImages.of(np.eye(4, dtype=np.float32), np.arange(4), 4)
    with pytest.raises(ArtifactError, match="another model"):
        Classifier(folder / "model.onnx", manifest, familiar=other)


def test_the_explanation_shows_where_the_class_is(classifier: Classifier) -> None:
    image = plain("black", (SIDE * 2, SIDE))
    image.paste("red", (SIDE // 2, 0, SIDE, SIDE))  # the left half of what the model sees
    tensor = pipeline.prepare(pipeline.DecodedImage.of(image), classifier.manifest.input)
    (answer,) = classifier.classify(tensor[None])
    activation_map = classifier.activation_map(answer, "red", image.size)
    assert activation_map is not None
    explanation = Explanation.draw(activation_map)
    values = np.array(explanation.values)
    assert (explanation.width, explanation.height) == (SIDE, SIDE)
    assert values[:, : SIDE // 2].min() == 1.0
    assert values[:, SIDE // 2 :].max() == 0.0
    assert dataclasses.astuple(explanation.box) == (0.25, 0.0, 0.5, 1.0)
    encoded = explanation.overlay.removeprefix("data:image/png;base64,")
    overlay = Image.open(io.BytesIO(base64.b64decode(encoded)))
    alpha = np.asarray(overlay)[..., 3]
    assert overlay.mode == "RGBA"
    assert alpha[:, : overlay.width // 4].mean() > 200
    assert alpha[:, -overlay.width // 4 :].mean() < 5


def test_no_evidence_is_an_empty_map(classifier: Classifier) -> None:
    (answer,) = classifier.classify(np.zeros((1, SIDE, SIDE, 3), dtype=np.uint8))
    explanation = classifier.activation_map(answer, "red", (SIDE, SIDE))
    assert explanation is not None
    assert np.max(explanation.values) == 0.0


def test_what_is_no_model_is_an_invalid_artifact(tiny_artifact: Artifact) -> None:
    with pytest.raises(ArtifactError, match="cannot open"):
        Classifier(b"no model at all", tiny_artifact[1])


def test_a_model_for_other_labels_is_refused(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    fewer = dataclasses.replace(manifest, labels=manifest.labels[:2])
    with pytest.raises(ArtifactError, match="3 classes, the manifest 2 labels"):
        Classifier(folder / "model.onnx", fewer)


def test_a_model_without_the_contract_s_outputs_is_refused(tiny_artifact: Artifact) -> None:
    model = onnx.load_from_string(tiny_graph())
    model.graph.output.pop()
    with pytest.raises(ArtifactError, match="no output cam"):
        Classifier(model.SerializeToString(), tiny_artifact[1])


def test_softmax_survives_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1e4, 0.0]], dtype=np.float32)), [[1, 0]])


@pytest.fixture
def nested(tmp_path: Path) -> Classifier:
    """Red and green are warm; from 0.6 on there is an answer."""
    return Classifier.of_artifact(tmp_path, write_tiny_artifact(tmp_path, "1", 0.6, nested=True))


@pytest.mark.parametrize(
    ("colour", "label", "parents", "unknown"),
    [
        ((255, 0, 0), "red", ("warm",), None),
        ((0, 0, 255), "blue", (), None),
        ((200, 200, 0), "warm", (), None),
        ((0, 180, 180), "green", ("warm",), "unsure"),
    ],
)
def test_the_answer_is_a_label_or_its_parent(
    nested: Classifier,
    colour: tuple[int, int, int],
    label: str,
    parents: tuple[str, ...],
    unknown: str | None,
) -> None:
    (found,) = nested.classify(np.full((1, SIDE, SIDE, 3), colour, np.uint8))
    assert (found.label, found.parents, found.unknown) == (label, parents, unknown)
    below = [score for score in found.scores if score.label in (label, "red", "green")]
    expected = sum(score.confidence for score in below if label in ("warm", score.label))
    assert found.confidence == pytest.approx(expected)
    assert len(found.scores) == 3


def test_the_map_of_a_parent_weighs_those_of_its_labels(nested: Classifier) -> None:
    image = np.zeros((SIDE, SIDE, 3), np.uint8)
    image[:, : SIDE // 2] = (255, 0, 0)
    image[:, SIDE // 2 :] = (0, 200, 255)
    (found,) = nested.classify(image[None])

    def heat(answer: Classification, label: str) -> np.ndarray:
        drawn = nested.activation_map(answer, label, (SIDE, SIDE))
        assert drawn is not None
        return np.array(drawn.values)

    parent, red, green = (heat(found, label) for label in ("warm", "red", "green"))
    chance = {score.label: score.confidence for score in found.scores}
    assert chance["red"] > chance["green"]
    # The maps are 10 and 10 * 200 / 255 where their colour is; the larger of both becomes 1.
    mixed = chance["red"] * red + chance["green"] * green * 200 / 255
    np.testing.assert_allclose(parent, mixed / mixed.max(), atol=1e-3)
    only = dataclasses.replace(
        found, scores=tuple(dataclasses.replace(score, confidence=0.0) for score in found.scores)
    )
    alike = heat(only, "warm")
    assert alike[0, 0] == 1.0
    assert alike[0, -1] == pytest.approx(200 / 255, abs=1e-3)


def test_a_model_without_maps_has_no_explanation(classifier: Classifier) -> None:
    (answer,) = classifier.classify(np.zeros((1, SIDE, SIDE, 3), np.uint8))
    empty = dataclasses.replace(answer, cam=np.zeros((3, 0, 0), np.float32))
    assert classifier.activation_map(empty, "red", (SIDE, SIDE)) is None
