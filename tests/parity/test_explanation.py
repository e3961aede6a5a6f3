"""The map that the graph answers is Grad-CAM's, for linear heads, without a gradient.

Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) weighs the channels of the last feature map by
the mean gradient of a class's logit. Through global average pooling and a linear head that
gradient is the class's weights, so the map differs from ours by the class's bias alone, which ours
has at every location. It shifts where the positive evidence begins, and no order.
"""

import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn

from tests.parity.images import crops
from tests.tiny_model import write_tiny_artifact
from training.config import ModelConfig, load_config
from training.export.graph.onnx_files import export_onnx
from training.export.graph.quantize import Quantizer
from training.fit.features import estimate_batch_norm
from training.networks.build import build_model, exportable
from training.networks.network import ConvNet
from visionflow.answers.classifier import Classification, Classifier, FloatArray
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array, load
from visionflow.models.label_tree import Label

ARCHIVE, WEIGHTS = "flowers5.tar", "mobilenet_v2-imagenet.pth"
SPEC = InputSpec(size=160, resize=160)
PER_CLASS, STEPS = 28, 150

Form = Literal["fp32", "int8"]
Head = Literal["linear", "mlp"]
Flowers = tuple[Path, UInt8Array, Tensor]


@dataclass(frozen=True, eq=False)
class Explained:
    """Answers of a served graph, with Grad-CAM in torch: [N, C, h, w], positive and negative."""

    network: ConvNet
    classifiers: dict[Form, Classifier]
    answers: dict[Form, list[Classification]]
    grad_cam: FloatArray

    def raw(self, form: Form) -> FloatArray:
        """Rank correlations [N, C] of the graph's maps with Grad-CAM."""
        maps = [answer.cam for answer in self.answers[form]]
        return np.array(
            [[correlation(*pair) for pair in zip(*rows, strict=True)] for rows in self._rows(maps)]
        )

    def answered(self, form: Form) -> FloatArray:
        """Rank correlations [N] of what the API answers for the best class with Grad-CAM.

        Both hold positive evidence only; where an image has none of it in either, nothing is
        compared.
        """
        classifier = self.classifiers[form]
        found = []
        for answer, theirs in zip(self.answers[form], self.grad_cam, strict=True):
            label = answer.scores[0].label
            found_map = classifier.activation_map(answer, label, (SPEC.size, SPEC.size))
            assert found_map is not None
            ours = np.array(found_map.values)
            positive = np.maximum(theirs[classifier.manifest.label_names.index(label)], 0)
            if np.ptp(ours) and np.ptp(positive):
                found.append(correlation(ours, positive))
        return np.array(found)

    def _rows(self, maps: Sequence[FloatArray]) -> list[tuple[FloatArray, FloatArray]]:
        return list(zip(maps, self.grad_cam, strict=True))


def correlation(a: FloatArray, b: FloatArray) -> float:
    """Spearman's, of two maps."""
    return float(spearmanr(a.ravel(), b.ravel()).statistic)


def grad_cam(network: ConvNet, images: UInt8Array) -> FloatArray:
    """[N, C, h, w] before the ReLU, straight from the paper: by gradients, with no use of `cam`."""
    captured: list[Tensor] = []
    hook = network.trunk.register_forward_hook(lambda _m, _a, out: captured.append(out))
    maps = []
    for image in images:
        (logits,) = network.logits(torch.from_numpy(image[None]))
        features = captured.pop()
        of_image = []
        for logit in logits:
            (gradient,) = torch.autograd.grad(logit, features, retain_graph=True)
            weights = gradient.mean(dim=(2, 3), keepdim=True)
            of_image.append((weights * features).sum(dim=1)[0].detach().numpy())
        maps.append(of_image)
    hook.remove()
    return np.array(maps)


def explained(
    network: ConvNet, images: UInt8Array, calibration: UInt8Array, folder: Path
) -> Explained:
    """``images`` answered by the exported graph in both forms."""
    network.eval()
    config = load_config("cifar10").export
    size = images.shape[1]
    graph = export_onnx(exportable(network), size, config.opset)
    quantizer = Quantizer(graph, calibration, reduce_range=config.reduce_range)
    classes = network.logits(torch.from_numpy(images[:1])).shape[1]
    labels = tuple(Label(str(i), parent=None) for i in range(classes))
    manifest = replace(
        write_tiny_artifact(folder), labels=labels, input=InputSpec(size=size, resize=size)
    )
    classifiers: dict[Form, Classifier] = {
        "fp32": Classifier(graph.SerializeToString(), manifest),
        "int8": Classifier(quantizer.quantize("min-max").SerializeToString(), manifest),
    }
    answers = {form: classifier.classify(images) for form, classifier in classifiers.items()}
    return Explained(network, classifiers, answers, grad_cam(network, images))


def report(name: str, form: Form, found: Explained) -> None:
    raw, answered = found.raw(form), found.answered(form)
    print(
        f"{name}, {form}: rank correlation with Grad-CAM, all classes {raw.mean():.3f} "
        f"(least {raw.min():.3f}, n = {raw.size}), answered map {answered.mean():.3f} "
        f"(least {answered.min():.3f}, n = {answered.size})"
    )


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Explained:
    """CIFAR-10's network with random weights, on cut-outs of photographs.

    Its head has no bias: an untrained one is noise of the size of the evidence.
    """
    config = load_config("cifar10")
    images = np.stack([load(data, config.input) for data in crops(config.input.size, 48)])
    torch.manual_seed(0)
    network = build_model(replace(config.model, head="linear", mirror=False), classes=10)
    for name, parameter in network.head.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    # One pass in training mode gives batch norm the statistics of images.
    network.train().logits(torch.from_numpy(images))
    return explained(network, images[:16], images[16:], tmp_path_factory.mktemp("synthetic"))


def test_a_linear_head_s_map_is_grad_cam_in_rank(synthetic: Explained) -> None:
    report("random weights, linear head", "fp32", synthetic)
    assert synthetic.raw("fp32").min() > 0.999
    assert synthetic.answered("fp32").min() > 0.99


def test_int8_keeps_the_order_of_the_map(synthetic: Explained) -> None:
    report("random weights, linear head", "int8", synthetic)
    assert synthetic.raw("int8").mean() >= 0.9


@pytest.fixture(scope="module")
def flowers(tmp_path_factory: pytest.TempPathFactory) -> Flowers:
    """The weights, and `PER_CLASS` photographs of each kind with their targets."""
    folder = os.environ.get("VISIONFLOW_DATA")
    if folder is None:
        pytest.skip(f"VISIONFLOW_DATA does not name a folder that holds {ARCHIVE} and {WEIGHTS}")
    unpacked = tmp_path_factory.mktemp("flowers")
    with tarfile.open(Path(folder) / ARCHIVE) as archive:
        archive.extractall(unpacked, filter="data")
    kinds = sorted((unpacked / "flowers5").iterdir())
    generator = np.random.default_rng(0)
    files = [
        file
        for kind in kinds
        for file in generator.choice(sorted(kind.iterdir()), PER_CLASS, replace=False)
    ]
    images = np.stack([load(file.read_bytes(), SPEC) for file in files])
    return Path(folder) / WEIGHTS, images, torch.arange(len(kinds)).repeat_interleave(PER_CLASS)


def probed(head: Head, weights: Path, images: UInt8Array, targets: Tensor) -> ConvNet:
    """MobileNetV2 with ImageNet's weights and a head that was briefly trained on its features."""
    config: ModelConfig = replace(
        load_config("visionflow20").model,
        name="mobilenet_v2",
        head=head,
        weights=str(weights),
        mirror=False,
    )
    torch.manual_seed(0)
    network = build_model(config, classes=int(targets.max()) + 1).eval()
    with torch.no_grad():
        batches = torch.from_numpy(images).split(20)
        features = torch.cat([network.embed(batch) for batch in batches])
    estimate_batch_norm(network.head, features[:, None])
    optimizer = torch.optim.AdamW(network.head.parameters(), lr=1e-2, weight_decay=1e-2)
    network.head.train()
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network.head(features), targets).backward()
        optimizer.step()
    return network


LIMITS: dict[Form, tuple[float, float]] = {"fp32": (0.999, 0.98), "int8": (0.95, 0.9)}


def on_flowers(flowers: Flowers, head: Head, folder: Path) -> Explained:
    """A quarter of the photographs, explained after the head was trained on the others."""
    weights, images, targets = flowers
    shown = np.arange(len(images)) % 4 == 0
    network = probed(head, weights, images[~shown], targets[torch.from_numpy(~shown)])
    return explained(network, images[shown], images[~shown][:60], folder)


def test_a_linear_head_s_map_is_grad_cam_s_on_photographs(flowers: Flowers, tmp_path: Path) -> None:
    found = on_flowers(flowers, "linear", tmp_path)
    for form, (all_classes, answered) in LIMITS.items():
        report("MobileNetV2, linear head, flowers", form, found)
        assert found.raw(form).mean() >= all_classes
        assert found.answered(form).mean() >= answered


def test_an_mlp_head_s_map_is_near_grad_cam_s_on_photographs(
    flowers: Flowers, tmp_path: Path
) -> None:
    """Such a head is not a sum over locations: our map is its answer at each location, Grad-CAM a
    linear approximation. They agree less, by construction."""
    found = on_flowers(flowers, "mlp", tmp_path)
    report("MobileNetV2, mlp head, flowers", "fp32", found)
    assert found.raw("fp32").mean() >= 0.85
    assert found.answered("fp32").mean() >= 0.8
