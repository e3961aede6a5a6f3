"""Which parts of a graph become int8, and with how many bits."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import ModelProto, numpy_helper

from tests.unit.training.conftest import SIDE
from tests.unit.training.export.conftest import colour_network
from tests.unit.training.export.odd import odd_images
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.export.graph.bias_correction import rounded
from training.export.graph.onnx_files import export_onnx
from training.export.graph.quantize import Quantizer
from training.export.graph.rewrites import Constants
from training.networks.backbone import backbone
from training.networks.build import exportable
from training.networks.heads import linear_head


@pytest.fixture(scope="module")
def quantizer(odd_graph: ModelProto) -> Quantizer:
    return Quantizer(odd_graph, odd_images(16).numpy(), reduce_range=True)


@pytest.fixture(scope="module")
def int8(quantizer: Quantizer) -> ModelProto:
    """Everything in int8. Not to be changed."""
    return quantizer.quantize("min-max")


def kernels(model: ModelProto) -> Iterator[np.ndarray]:
    """The quantized weights of the convolutions."""
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.int8 and values.ndim == 4:
            yield values


def largest(model: ModelProto, *, depthwise: bool) -> int:
    return max(
        int(np.abs(values.astype(int)).max())
        for values in kernels(model)
        if (values.shape[1] == 1) is depthwise
    )


def logits(model: ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answer: np.ndarray = session.run(["logits"], {"image": odd_images(32).numpy()})[0]
    return answer


def convolutions(graph: ModelProto, quantizer: Quantizer) -> list[str]:
    """The names of those that can be int8."""
    nodes = graph.graph.node
    return [node.name for node in nodes if node.op_type == "Conv" and node.name in quantizer.nodes]


def test_dense_weights_get_7_bits_and_depthwise_ones_8(
    quantizer: Quantizer, int8: ModelProto
) -> None:
    assert largest(int8, depthwise=False) == 64
    assert largest(int8, depthwise=True) == 127
    assert "int7 weights per channel (depthwise: int8)" in quantizer.scheme


def test_without_the_reduced_range_all_weights_get_8_bits(odd_graph: ModelProto) -> None:
    quantizer = Quantizer(odd_graph, odd_images(16).numpy(), reduce_range=False)
    assert largest(quantizer.quantize("min-max"), depthwise=False) == 127
    assert "int8 weights" in quantizer.scheme


def test_the_correction_rounds_as_the_quantizer_does(
    odd_graph: ModelProto, int8: ModelProto
) -> None:
    quantized, fp32 = Constants(int8), Constants(odd_graph)
    checked = 0
    for name in quantized:
        weight = name.removesuffix("_quantized")
        if name.endswith("_quantized") and weight in fp32 and fp32[weight].ndim == 4:
            scale = quantized[f"{weight}_scale"].reshape(-1, 1, 1, 1)
            levels = 127 if fp32[weight].shape[1] == 1 else 64
            expected = rounded(fp32[weight].astype(np.float32), levels)
            np.testing.assert_allclose(quantized[name] * scale, expected, atol=1e-6)
            checked += 1
    assert checked >= 5


def test_int8_answers_nearly_as_fp32_does(odd_graph: ModelProto, int8: ModelProto) -> None:
    reference = logits(odd_graph)
    error = np.square(logits(int8) - reference).mean() / reference.var()
    assert 0 < error < 0.02


def test_the_head_on_pooled_features_stays_in_fp32(int8: ModelProto) -> None:
    producers = {output: node for node in int8.graph.node for output in node.output}
    pending, seen = ["logits"], set()
    while pending:
        node = producers.get(pending.pop())
        # The pooling is where the int8 part ends.
        if node is not None and node.op_type != "ReduceMean":
            seen.add(node.op_type)
            pending += node.input
    assert seen == {"Gemm", "Sigmoid", "Mul"}


def test_the_first_convolution_is_int8_only_ahead_of_a_max_pooling(
    quantizer: Quantizer, data: TrainingData
) -> None:
    assert quantizer.fixed == ()
    graph = export_onnx(exportable(colour_network(data)), SIDE, opset=20)
    assert len(Quantizer(graph, data.validation.images, reduce_range=True).fixed) == 2


def test_the_bytes_of_an_image_enter_the_first_convolution(
    quantizer: Quantizer, int8: ModelProto
) -> None:
    first = next(node for node in int8.graph.node if node.op_type == "Conv")
    producers = {output: node for node in int8.graph.node for output in node.output}
    pixels = producers[first.input[0]]
    assert pixels.op_type == "DequantizeLinear"
    assert float(Constants(int8)[pixels.input[1]]) == 1
    assert producers[pixels.input[0]].op_type == "Transpose"
    assert not {"Cast", "Sub", "Div"} & {node.op_type for node in int8.graph.node}
    # In fp32 it sees the same numbers.
    kept = logits(quantizer.quantize("min-max", without=[first.name]))
    assert np.abs(kept - logits(int8)).mean() < 0.1 * kept.std()


def test_what_is_left_out_keeps_its_weights(
    odd_graph: ModelProto, quantizer: Quantizer, int8: ModelProto
) -> None:
    first, second, *_ = convolutions(odd_graph, quantizer)
    without = quantizer.quantize("min-max", [first, second])
    assert len(list(kernels(without))) == len(list(kernels(int8))) - 2


def test_one_node_alone_can_be_int8(odd_graph: ModelProto, quantizer: Quantizer) -> None:
    first, *_ = convolutions(odd_graph, quantizer)
    others = [node for node in quantizer.nodes if node != first]
    assert len(list(kernels(quantizer.quantize("min-max", others)))) == 1


def test_the_runtime_leaves_in_fp32_what_was_left_out(
    odd_graph: ModelProto, quantizer: Quantizer, tmp_path: Path
) -> None:
    """It would make a Conv between two quantized ones int8, with one scale for all channels."""
    names = convolutions(odd_graph, quantizer)
    path = tmp_path / "as_it_runs.onnx"
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    for name in names:
        model = quantizer.quantize("min-max", [name])
        onnxruntime.InferenceSession(model.SerializeToString(), options)
        running = [node.op_type for node in onnx.load(path).graph.node]
        assert running.count("QLinearConv") == len(names), name


def test_activations_that_are_not_finite_are_refused(odd_graph: ModelProto) -> None:
    broken = ModelProto()
    broken.CopyFrom(odd_graph)
    weight = next(t for t in broken.graph.initializer if list(t.dims) == [16, 8, 1, 1])
    infinite = np.full(weight.dims, np.inf, np.float32)
    weight.CopyFrom(numpy_helper.from_array(infinite, weight.name))
    quantizer = Quantizer(broken, odd_images(2).numpy(), reduce_range=True)
    with pytest.raises(TrainingError, match="is not finite on training images"):
        quantizer.quantize("min-max")


def test_of_a_transformer_the_linear_layers_become_int8() -> None:
    side = 32
    torch.manual_seed(0)
    base = backbone("timm:test_vit", classes=3, size=side)
    network = base.with_head(linear_head(base.features, 3)).eval()
    graph = export_onnx(exportable(network), side, 20)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (16, side, side, 3)).astype(np.uint8)
    quantizer = Quantizer(graph, images, reduce_range=True)
    kinds = {node.name: node.op_type for node in graph.graph.node}
    # Of each of its six blocks four layers, and the head at each location.
    assert Counter(kinds[name] for name in quantizer.nodes) == {"MatMul": 24, "Conv": 1}

    def embeddings(model: ModelProto) -> np.ndarray:
        session = onnxruntime.InferenceSession(model.SerializeToString())
        found: np.ndarray = session.run(["embedding"], {"image": images})[0]
        unit: np.ndarray = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit

    exact = embeddings(graph)
    for without in ((), quantizer.nodes[:1]):
        int8 = quantizer.quantize("min-max", without)
        weights = [numpy_helper.to_array(tensor) for tensor in int8.graph.initializer]
        linear = [w for w in weights if w.dtype == np.int8 and w.ndim == 2]
        assert len(linear) == 24 - len(without)
        assert (exact * embeddings(int8)).sum(axis=1).min() > 0.99
