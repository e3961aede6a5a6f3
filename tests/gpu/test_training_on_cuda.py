"""Training on a GPU. What compares a GPU with the processor is skipped where there is none."""

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.unit.training.conftest import draw_set, shrunken_config
from training.data.training_data import TrainingData, load_training_data
from training.fit.fit import Fitted, fit
from training.job.gpu import require_gpu
from training.networks.build import build_model
from training.results.history import EpochRecord
from training.train import train
from visionflow.answers.classifier import Classifier
from visionflow.images import pipeline
from visionflow.jobs.instances import INSTANCE_TYPES
from visionflow.jobs.record import JobInstance
from visionflow.models.manifest import read_artifact

needs_gpu = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="this machine has no GPU that torch can use"
)

RECIPES = ("scratch", "probe", "finetune")
RECIPE_FIELDS = {
    "finetune__head__epochs": 3,
    "finetune__body__epochs": 3,
    "finetune__body__batch_size": 16,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``train`` (120 images) and ``test`` (30)."""
    folder = tmp_path_factory.mktemp("images")
    draw_set(folder / "train", per_class=40, seed=1)
    draw_set(folder / "test", per_class=10, seed=2)
    return folder


@needs_gpu
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_run_on_the_gpu_becomes_an_artifact_that_serves_on_the_cpu(
    folder: Path, tmp_path: Path, recipe: str, precision: str
) -> None:
    config = shrunken_config(recipe=recipe, precision=precision, **RECIPE_FIELDS)
    report = train(config, folder, tmp_path)
    assert torch.cuda.get_device_name() in report.hardware
    assert all(check.passed for check in report.gate)
    if recipe != "probe":
        assert report.history[-1].train_loss < report.history[0].train_loss
    manifest = read_artifact(tmp_path)
    classifier = Classifier(tmp_path / manifest.served_file.path, manifest)
    files = sorted((folder / "test").glob("*/*.png"))
    tensors = [pipeline.load(file.read_bytes(), manifest.input) for file in files]
    answers = classifier.classify(np.stack(tensors))
    right = [a.scores[0].label == file.parent.name for a, file in zip(answers, files, strict=True)]
    assert np.mean(right) == pytest.approx(report.test.top1)


class KilledError(Exception):
    pass


def killed_after_an_epoch(data: TrainingData, run: Path) -> None:
    def kill(_kept: Sequence[EpochRecord]) -> None:
        raise KilledError

    with pytest.raises(KilledError):
        fit(shrunken_config(), data, run, kill)


def losses(fitted: Fitted) -> list[float]:
    return [record.train_loss for record in fitted.history]


@needs_gpu
def test_a_killed_run_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    config = shrunken_config()
    data = load_training_data(folder, config, None)
    whole = fit(config, data, tmp_path / "whole")
    killed_after_an_epoch(data, tmp_path / "killed")
    resumed = fit(config, data, tmp_path / "killed")
    # Sums on a GPU are not taken in a fixed order, so equality to the bit is not asked for.
    assert losses(resumed) == pytest.approx(losses(whole), rel=0.05)
    assert len(resumed.history) == config.scratch.epochs


def begun_or_finished(folder: Path, run: Path, task: str) -> list[float]:
    """The losses of ``run``, which is begun and killed, or goes on to its end."""
    config = shrunken_config()
    data = load_training_data(folder, config, None)
    if task == "begin":
        killed_after_an_epoch(data, run)
        return []
    return losses(fit(config, data, run))


WITHOUT_GPU = """
import pickle, sys
from pathlib import Path
import torch
from tests.gpu.test_training_on_cuda import begun_or_finished
assert not torch.cuda.is_available()
found = begun_or_finished(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
sys.stdout.buffer.write(pickle.dumps(found))
"""


def without_gpu(folder: Path, run: Path, task: str) -> list[float]:
    """`begun_or_finished` in a process that sees no GPU; where there is none, in this one."""
    if not torch.cuda.is_available():
        return begun_or_finished(folder, run, task)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_GPU, str(folder), str(run), task],
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        check=True,
    )
    return list(pickle.loads(done.stdout))  # noqa: S301


def test_a_run_goes_on_with_or_without_the_gpu_that_began_it(folder: Path, tmp_path: Path) -> None:
    """A checkpoint names no device: the next machine may have none, or be the first with one.

    Where there is no GPU both sides are the processor.
    """
    config = shrunken_config()
    data = load_training_data(folder, config, None)
    whole = losses(fit(config, data, tmp_path / "whole"))
    killed_after_an_epoch(data, tmp_path / "to the CPU")
    found = without_gpu(folder, tmp_path / "to the CPU", "go on")
    assert found == pytest.approx(whole, rel=0.05)
    without_gpu(folder, tmp_path / "to the GPU", "begin")
    assert losses(fit(config, data, tmp_path / "to the GPU")) == pytest.approx(whole, rel=0.05)


@needs_gpu
@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "efficientnet_b0"])
def test_a_network_answers_the_same_on_both(name: str) -> None:
    config = shrunken_config(model__name=name, input__size=64, input__resize=64)
    torch.manual_seed(1)
    network = build_model(config.model, 3).eval()
    pixels = torch.from_numpy(
        np.random.default_rng(1).integers(0, 256, (8, 64, 64, 3)).astype(np.uint8)
    )
    with torch.inference_mode():
        expected = network(pixels)
        found = network.cuda()(pixels.cuda())
    for here, there in zip(expected, found, strict=True):
        scale = float(here.abs().max())
        assert torch.allclose(there.cpu(), here, atol=2e-3 * max(scale, 1e-3), rtol=0)


@needs_gpu
def test_the_gpu_of_this_machine_is_enough_for_a_job() -> None:
    kind = next(kind for kind in INSTANCE_TYPES if kind.gpu is not None)
    require_gpu(JobInstance("i-1", kind.type, "ap-northeast-2a", spot=True))
