from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.tiny_model import SIDE, tiny_graph, write_tiny_artifact
from visionflow.answers.classifier import Classifier
from visionflow.answers.embedder import VIEWS, Embedder, packed, unpacked
from visionflow.errors import ArtifactError
from visionflow.models.manifest import Manifest, read_manifest
from visionflow_starter import STARTER

Artifact = tuple[Path, Manifest]


def _images(count: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)


def test_an_embedding_is_that_of_the_answer_and_of_the_mirrored_image() -> None:
    embedder = Embedder(STARTER)
    images = _images(3, embedder.spec.size)
    found = embedder.embed(images)
    assert found.shape == (3, 2, embedder.features)
    assert found.dtype == np.float32
    classifier = Classifier.of_artifact(STARTER, read_manifest(STARTER))
    np.testing.assert_array_equal(found[:, 0], classifier.run(images)[1])
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    np.testing.assert_array_equal(found[:, 1], classifier.run(mirrored)[1])


def test_an_embedding_depends_on_no_other_image_and_no_thread() -> None:
    one, two = Embedder(STARTER), Embedder(STARTER, threads=2)
    images = _images(4, one.spec.size)
    np.testing.assert_array_equal(one.embed(images)[2:], two.embed(images[2:]))


def test_an_embedding_is_stored_in_two_bytes_a_feature() -> None:
    embedding = np.random.default_rng(0).normal(size=(VIEWS, 5)).astype(np.float32)
    data = packed(embedding)
    assert len(data) == 2 * embedding.size
    np.testing.assert_array_equal(unpacked(data), embedding.astype(np.float16))


def test_the_trunk_is_named_with_its_content(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    embedder = Embedder(folder)
    assert embedder.trunk == f"tiny 1 {manifest.served_file.sha256}"
    assert embedder.spec == manifest.input
    assert embedder.embed(_images(0, SIDE)).shape == (0, 2, 3)


def test_another_model_under_the_name_is_refused(tiny_artifact: Artifact) -> None:
    folder, manifest = tiny_artifact
    (folder / manifest.served_file.path).write_bytes(tiny_graph(turned=True))
    with pytest.raises(ArtifactError, match="differs"):
        Embedder(folder)
    (folder / manifest.served_file.path).unlink()
    with pytest.raises(ArtifactError, match="missing"):
        Embedder(folder)
    with pytest.raises(ArtifactError, match="not a model version"):
        Embedder(folder / "nowhere")


def test_a_model_without_embedding_is_refused(tmp_path: Path) -> None:
    model = onnx.load_from_string(tiny_graph())
    del model.graph.output[1]
    write_tiny_artifact(tmp_path, graph=model.SerializeToString())
    with pytest.raises(ArtifactError, match="embedding"):
        Embedder(tmp_path)
