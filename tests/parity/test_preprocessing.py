"""What training shows a network and what a Lambda shows it are the same tensor."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from lambdas.classification.active_model import ActiveModel
from lambdas.classification.loading import Serving
from lambdas.classification.service import ClassificationService
from lambdas.telemetry.stopwatch import Stopwatch
from tests.parity.images import odd_images, photo
from tests.tiny_model import LABELS, write_tiny_artifact
from training.data.image_set import load_images
from training.data.listing import list_images
from visionflow.access.usage import UsageStore
from visionflow.answers import classifier
from visionflow.answers.classifier import Classifier
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage, UInt8Array, prepare
from visionflow.images.store import ImageStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.store import PredictionStore

IMAGES = odd_images()
SPECS = (InputSpec(32, 32), InputSpec(224, 256, interpolation="bicubic"))


def echo_model(spec: InputSpec, folder: Path) -> Serving:
    """A version whose embedding is the tensor that it was given."""
    manifest = replace(write_tiny_artifact(folder), input=spec)
    return Serving(ModelRef("echo", "1"), Classifier(echo_graph(spec.size), manifest))


def echo_graph(side: int) -> bytes:
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["pixels"], ["embedding"]),
        helper.make_node("Transpose", ["pixels"], ["cam"], perm=[0, 3, 1, 2]),
        helper.make_node("ReduceMean", ["cam", "axes"], ["logits"], keepdims=0),
    ]
    shapes: dict[str, list[str | int]] = {
        "logits": ["n", len(LABELS)],
        "embedding": ["n", side * side * 3],
        "cam": ["n", len(LABELS), side, side],
    }
    graph = helper.make_graph(
        nodes,
        "echo",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", side, side, 3])],
        [helper.make_tensor_value_info(k, TensorProto.FLOAT, v) for k, v in shapes.items()],
        [numpy_helper.from_array(np.array([2, 3]), "axes")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    data: bytes = model.SerializeToString()
    return data


def seen_by_lambda(data: bytes, spec: InputSpec, folder: Path) -> UInt8Array:
    """The tensor that reaches the model in the functions `predict` and `ingest`."""
    # No store is touched before there is an answer.
    service = ClassificationService(
        cast(ActiveModel, None),
        cast(ImageStore, None),
        cast(PredictionStore, None),
        1,
        cast(UsageStore, None),
    )
    answer = service.classify(data, Stopwatch(), echo_model(spec, folder))
    embedding = answer.classification.embedding
    tensor: UInt8Array = embedding.reshape(spec.size, spec.size, 3).astype(np.uint8)
    return tensor


def seen_by_training(data: bytes, name: str, spec: InputSpec, folder: Path) -> UInt8Array:
    """The tensor of a file in a class folder, as it is trained, calibrated and measured on."""
    for label in ("this", "other"):
        (folder / label).mkdir(parents=True)
        (folder / label / name).write_bytes(data)
    tensor: UInt8Array = load_images(list_images(folder), spec).images[1]
    return tensor


@pytest.fixture
def no_caps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The echo answers whole tensors, which a version that serves may not."""
    for cap in ("_MAX_MAP_SIDE", "MAX_FEATURES"):
        monkeypatch.setattr(classifier, cap, 10**6)


@pytest.mark.usefixtures("no_caps")
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.size}px")
@pytest.mark.parametrize("name", IMAGES)
def test_training_and_lambda_see_the_same_tensor(
    name: str, spec: InputSpec, tmp_path: Path
) -> None:
    training = seen_by_training(IMAGES[name], name, spec, tmp_path / "data")
    in_lambda = seen_by_lambda(IMAGES[name], spec, tmp_path / "model")
    np.testing.assert_array_equal(training, in_lambda)


@pytest.mark.parametrize("name", [name for name in IMAGES if "alpha" not in name])
def test_every_kind_shows_the_photograph_upright_and_bright(name: str, tmp_path: Path) -> None:
    spec = SPECS[0]
    seen = seen_by_training(IMAGES[name], name, spec, tmp_path)
    source = photo()
    if name.startswith(("tall", "smaller")):
        source = source.resize((31, 400) if name.startswith("tall") else (9, 7))
    expected = prepare(DecodedImage.of(source), spec)
    # In grey, because some kinds have no colour; 12 of 255 is what palettes and JPEG cost.
    assert np.abs(seen.mean(axis=2) - expected.mean(axis=2)).mean() < 12
