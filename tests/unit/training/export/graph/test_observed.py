import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from training.data import image_set
from training.export.graph.observed import ObservedActivations
from visionflow.images.pipeline import UInt8Array

SIDE = 4
DRAW = np.random.default_rng(3)
IMAGES: UInt8Array = DRAW.integers(0, 256, (7, SIDE, SIDE, 3), np.uint8)


def doubling(opset: int) -> onnx.ModelProto:
    """Pixels as floats, channels first, beside their negatives: two rows an image."""
    nodes = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["pixels"], perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["pixels", "minus"], ["negative"]),
        helper.make_node("Concat", ["pixels", "negative"], ["both"], axis=0),
    ]
    graph = helper.make_graph(
        nodes,
        "doubling",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("both", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(-3, np.float32), "minus")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("opset", [13, 20])
def test_ranges_and_means_are_those_of_all_images(
    opset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_set, "BATCH_PIXELS", 3 * SIDE * SIDE)  # the last batch is smaller
    observed = ObservedActivations(doubling(opset), ["negative", "both"], ["both"], IMAGES)
    pixels = IMAGES.transpose(0, 3, 1, 2).astype(np.float32)
    largest, least = float(pixels.max()), float(pixels.min())
    assert observed.ranges("min-max") == {
        "both": (-3 * largest, largest),
        "negative": (-3 * largest, -3 * least),
    }
    (mean,) = observed.means().values()
    expected = np.concatenate([pixels, -3 * pixels]).mean(axis=0, keepdims=True)
    np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-3)
