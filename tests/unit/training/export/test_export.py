"""From a network to files that are proven, and what is told where they are not."""

import copy
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import onnx
import onnxruntime
import pytest
import torch

from tests.unit.training.conftest import SIDE
from tests.unit.training.export.conftest import (
    FASTER,
    FEATURES,
    SLOWER,
    colour_network,
    inflate,
)
from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.export.artifact import FP32_FILE, INT8_FILE
from training.export.export import Export, without_fp32
from training.export.network_export import export_model
from training.networks.network import ConvNet, Output
from visionflow.models.manifest import FileEntry


class Exported(NamedTuple):
    folder: Path
    export: Export
    before: dict[str, torch.Tensor]
    after: dict[str, torch.Tensor]
    """The network's state."""


@pytest.fixture(scope="module")
def exported(
    strict_config: TrainConfig, data: TrainingData, tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    """A good network. Not to be changed."""
    folder, network = tmp_path_factory.mktemp("run"), colour_network(data)
    before = copy.deepcopy(network.state_dict())
    export = export_model(network, strict_config, data, folder, FASTER)
    return Exported(folder, export, before, network.state_dict())


def test_a_good_network_is_served_as_int8_at_the_first_try(
    exported: Exported, data: TrainingData
) -> None:
    folder, export = exported.folder, exported.export
    manifest = export.manifest
    assert manifest.precision == "int8"
    assert manifest.files == {
        "fp32": FileEntry.of(folder, FP32_FILE),
        "int8": FileEntry.of(folder, INT8_FILE),
    }
    assert [check.name for check in manifest.gate] == [
        "fp32_logit_difference",
        "fp32_embedding_difference",
        "fp32_cam_difference",
        "fp32_top1_changes",
        "int8_top1_drop",
        "int8_worst_class_drop",
        "int8_latency_ratio",
    ]
    assert all(check.passed for check in manifest.gate)
    assert manifest.quantization.calibration == "min-max"
    assert manifest.quantization.calibration_images == 32
    assert [step.name for step in export.ladder] == ["min-max"]
    assert [model.form for model in export.models] == ["torch", "fp32", "int8"]
    assert [model.latency_p50_ms for model in export.models] == [4.0, 2.0, 1.0]
    assert [(parity.reference, parity.form) for parity in export.parity] == [
        ("torch", "fp32"),
        ("fp32", "int8"),
    ]
    assert set(export.outputs) == {"torch", "fp32", "int8"}
    assert export.served is export.outputs["int8"]
    assert export.served.logits.shape == (len(data.validation), 3)
    assert export.served.embedding.shape == (len(data.validation), FEATURES)


@pytest.mark.parametrize("file", [FP32_FILE, INT8_FILE])
def test_the_graphs_keep_the_contract_and_nothing_of_this_machine(
    file: str, exported: Exported, strict_config: TrainConfig, data: TrainingData
) -> None:
    content = (exported.folder / file).read_bytes()
    assert str(Path(__file__).parents[4]).encode() not in content
    assert b"site-packages" not in content
    opsets = {entry.domain: entry.version for entry in onnx.load_from_string(content).opset_import}
    assert opsets[""] == strict_config.export.opset
    session = onnxruntime.InferenceSession(content)
    (entry,) = session.get_inputs()
    assert (entry.name, entry.type, entry.shape[1:]) == ("image", "tensor(uint8)", [SIDE, SIDE, 3])
    for n in (1, 3):
        batch = {"image": data.validation.images[:n]}
        logits, embedding, cam = session.run(["logits", "embedding", "cam"], batch)
        assert (logits.shape, embedding.shape) == ((n, 3), (n, FEATURES))
        assert cam.shape == (n, 3, SIDE // 2, SIDE // 2)


def test_the_network_is_left_as_it_was(exported: Exported) -> None:
    before, after = exported.before, exported.after
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_where_int8_is_slower_fp32_serves_and_says_so(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    (tmp_path / INT8_FILE).write_bytes(b"of an earlier export")
    export = export_model(network, strict_config, data, tmp_path, SLOWER)
    assert export.manifest.precision == "fp32"
    assert export.manifest.quantization.fallback_reason == (
        "min-max: int8 is not faster: it takes 1.20 times as long as fp32"
    )
    assert [step.passed for step in export.ladder] == [False]
    assert not (tmp_path / INT8_FILE).exists()
    assert [model.form for model in export.models] == ["torch", "fp32"]
    # What serves has passed all that concerns it.
    assert all(check.passed for check in export.manifest.gate)


def test_a_range_that_one_channel_spoils_costs_one_node_its_int8(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    inflate(network, 0)
    export = export_model(network, strict_config, data, tmp_path, FASTER)
    *failed, passed = export.ladder
    assert [step.name for step in failed] == [
        "min-max",
        "percentile 99.999",
        "percentile 99.99",
        "entropy",
    ]
    assert all("points of validation top-1" in (step.reason or "") for step in failed)
    assert passed.passed and passed.name.endswith("sensitive nodes in fp32: 1")
    assert export.manifest.precision == "int8"
    # Normalisation and the first convolution are never quantized; the one behind it was given up.
    assert len(export.manifest.quantization.excluded_nodes) == 3


def test_a_hopeless_network_is_served_as_fp32_with_the_reason(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    for block in range(3):
        inflate(network, block)
    export = export_model(network, strict_config, data, tmp_path, FASTER)
    reason = export.manifest.quantization.fallback_reason or ""
    assert export.manifest.precision == "fp32"
    assert f"the closest of {len(export.ladder)} forms that were tried: int8 lost" in reason
    assert not any(step.passed for step in export.ladder)
    assert not (tmp_path / INT8_FILE).exists()


class Liar(ConvNet):
    """Exports another function than it computes."""

    def forward(self, image: torch.Tensor) -> Output:
        output = super().forward(image)
        if torch.compiler.is_exporting():
            return output._replace(logits=output.logits.flip(1))
        return output


def test_a_graph_that_differs_from_the_network_is_written_with_the_failed_checks(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    liar = Liar(network.trunk, network.head)
    export = export_model(liar, strict_config, data, tmp_path, FASTER)
    failed = {check.name for check in export.manifest.gate if not check.passed}
    assert failed == {"fp32_logit_difference", "fp32_top1_changes"}
    assert export.manifest.precision == "fp32"
    assert "does not reproduce" in (export.manifest.quantization.fallback_reason or "")
    assert export.ladder == ()
    assert (tmp_path / FP32_FILE).exists()


def test_weights_that_are_not_numbers_fail_the_gate_in_a_manifest_that_can_be_read(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    with torch.no_grad():
        network.trunk.get_parameter("1.0.weight")[0] = torch.nan
    manifest = export_model(network, strict_config, data, tmp_path, FASTER).manifest
    assert not manifest.gate[0].passed
    assert type(manifest).parse(manifest.to_json()) == manifest


def test_a_folder_that_cannot_be_written_is_named(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    occupied = tmp_path / "run"
    occupied.write_bytes(b"a file where the folder should be")
    with pytest.raises(TrainingError, match=r"run.model\.onnx: cannot be written"):
        export_model(network, strict_config, data, occupied, FASTER)


def test_the_ladder_is_not_climbed_beyond_its_time(
    network: ConvNet, strict_config: TrainConfig, data: TrainingData, tmp_path: Path
) -> None:
    inflate(network, 0)
    hasty = replace(strict_config, export=replace(strict_config.export, ladder_seconds=0.0))
    export = export_model(network, hasty, data, tmp_path, FASTER)
    assert len(export.ladder) == 1
    assert "the 0 seconds for trying were over" in (
        export.manifest.quantization.fallback_reason or ""
    )


def test_without_fp32_the_served_form_alone_is_left(exported: Exported, tmp_path: Path) -> None:
    for file in (FP32_FILE, INT8_FILE):
        (tmp_path / file).write_bytes((exported.folder / file).read_bytes())
    manifest = without_fp32(exported.export.manifest, tmp_path)
    assert set(manifest.files) == {"int8"}
    assert [file.name for file in tmp_path.iterdir()] == [INT8_FILE]
    fp32 = replace(exported.export.manifest, precision="fp32")
    assert set(without_fp32(fp32, tmp_path).files) == {"fp32"}
