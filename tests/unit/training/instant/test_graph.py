from collections.abc import Callable

import numpy as np
import onnx
import pytest

from tests.tiny_model import tiny_graph
from training.errors import TrainingError
from training.instant.graph import Head, feature_map, trunk_changes, trunk_parameters, with_head
from visionflow.answers.session import open_session
from visionflow_starter import STARTER

CLASSES, FEATURES = 3, 1280


@pytest.fixture(scope="module")
def trunk() -> onnx.ModelProto:
    return onnx.load(STARTER / "model.int8.onnx")


@pytest.fixture(scope="module")
def head() -> Head:
    drawn = np.random.default_rng(0).normal(size=(CLASSES, FEATURES + 1)).astype(np.float32)
    return Head(drawn[:, :-1], drawn[:, -1])


@pytest.fixture(scope="module")
def model(trunk: onnx.ModelProto, head: Head) -> onnx.ModelProto:
    return with_head(trunk, head)


def test_the_graph_keeps_the_contract_and_the_embedding(
    trunk: onnx.ModelProto, model: onnx.ModelProto, head: Head
) -> None:
    onnx.checker.check_model(model, full_check=True)
    batch = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
    old, new = (open_session(each.SerializeToString(), 1) for each in (trunk, model))
    names = ["logits", "embedding", "cam"]
    logits, embedding, cam = new.run(names, {"image": batch})
    np.testing.assert_array_equal(embedding, old.run(["embedding"], {"image": batch})[0])
    assert cam.shape == (2, CLASSES, 7, 7)
    np.testing.assert_allclose(logits, cam.mean(axis=(2, 3)), atol=1e-4)
    np.testing.assert_allclose(logits, embedding @ head.weights.T + head.bias, atol=1e-3)
    declared = {one.name: one.type.tensor_type.shape.dim[1].dim_value for one in model.graph.output}
    assert declared == {"logits": CLASSES, "embedding": FEATURES, "cam": CLASSES}


def test_only_the_head_differs(trunk: onnx.ModelProto, model: onnx.ModelProto) -> None:
    assert trunk_changes(model, trunk) == 0
    theirs = {one.name for one in trunk.graph.initializer}
    assert {one.name for one in model.graph.initializer} - theirs == {"head.weights", "head.bias"}
    # Nothing of the old head is left.
    assert len(model.SerializeToString()) < len(trunk.SerializeToString()) - 1000 * FEATURES


def _one_weight(model: onnx.ModelProto) -> None:
    constant = next(one for one in model.graph.initializer if "weight" in one.name)
    constant.raw_data = bytes([constant.raw_data[0] ^ 1]) + constant.raw_data[1:]


def _one_attribute(model: onnx.ModelProto) -> None:
    attributes = [a for node in model.graph.node for a in node.attribute if a.name == "pads"]
    attributes[0].ints[0] += 1


def _the_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version -= 1


@pytest.mark.parametrize("change", [_one_weight, _one_attribute, _the_opset])
def test_a_change_of_the_trunk_is_found(
    trunk: onnx.ModelProto, model: onnx.ModelProto, change: Callable[[onnx.ModelProto], None]
) -> None:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    change(changed)
    assert trunk_changes(changed, trunk) > 0


def test_weights_are_counted_and_scales_are_not(trunk: onnx.ModelProto) -> None:
    assert 3_300_000 < trunk_parameters(trunk) < 3_450_000


def test_a_graph_whose_head_sees_something_else_is_refused() -> None:
    with pytest.raises(TrainingError, match="no other head"):
        feature_map(onnx.load_from_string(tiny_graph()))
