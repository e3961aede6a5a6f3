from dataclasses import replace

import numpy as np
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn

from training.config import ModelConfig
from training.export.graph.onnx_files import export_onnx
from training.networks.build import build_model, exportable


def test_small_cnn_is_as_large_as_in_the_tutorials(plain: ModelConfig, images: Tensor) -> None:
    model = build_model(replace(plain, name="small_cnn", dropout=0.5), classes=10).eval()
    batch_norm = 32 + 64 + 64 + 64
    assert sum(parameter.numel() for parameter in model.parameters()) == 122_570 + batch_norm
    assert isinstance(model.head[0], nn.Dropout) and model.head[0].p == 0.5
    logits, embedding, cam = model(images)
    assert (logits.shape, embedding.shape, cam.shape) == ((3, 10), (3, 64), (3, 10, 5, 5))


def test_the_exportable_copy_shares_nothing(plain: ModelConfig, images: Tensor) -> None:
    model = build_model(replace(plain, head="mlp", mirror=True), classes=5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    copy = exportable(model)
    assert model.training and not copy.training and copy.mirror
    torch.testing.assert_close(copy(images), model.eval()(images))
    for parameter in copy.parameters():
        parameter.data.zero_()
    torch.testing.assert_close(model.state_dict(), before)


@torch.no_grad()
@pytest.mark.parametrize(
    ("name", "head", "mirror"),
    [("residual_cnn", "mlp", False), ("small_cnn", "linear", True)],
)
def test_the_graph_answers_as_torch_does_for_any_batch(
    plain: ModelConfig, images: Tensor, name: str, head: str, mirror: bool
) -> None:
    torch.manual_seed(0)
    config = replace(plain, name=name, head=head, mirror=mirror)  # type: ignore[arg-type]
    model = build_model(config, classes=5)
    for _ in range(5):
        model.logits(images)
    model = exportable(model)
    session = ort.InferenceSession(export_onnx(model, size=32, opset=20).SerializeToString())
    for count in (1, 3):
        answers = session.run(None, {"image": images[:count].numpy()})
        for answer, expected in zip(answers, model(images[:count]), strict=True):
            np.testing.assert_allclose(answer, expected, atol=1e-4)
