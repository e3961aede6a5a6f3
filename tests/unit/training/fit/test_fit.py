from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import training.fit
from training.data.augment import augment
from training.config import TrainConfig
from training.data.image_set import TrainingData, load_training_data
from training.errors import TrainingError
from training.fit import fit, load_fitted, rate_factor


@pytest.fixture
def data(pictures: Path, config: TrainConfig) -> TrainingData:
    return load_training_data(pictures / "train", config.input, 0.25, seed=1)


def kill_at_batch(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Interrupt the process's work when it asks for its ``number``-th batch."""
    batches = 0

    def interrupted(*arguments: Any) -> Tensor:
        nonlocal batches
        batches += 1
        if batches == number:
            raise KeyboardInterrupt
        return augment(*arguments)

    monkeypatch.setattr(training.fit, "augment", interrupted)


def test_a_killed_run_ends_where_an_uninterrupted_one_ends(
    data: TrainingData, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(config, data, tmp_path / "whole.pt")

    with monkeypatch.context() as patch:
        # 90 pictures make 5 batches an epoch: this is in the middle of the second.
        kill_at_batch(patch, 8)
        with pytest.raises(KeyboardInterrupt):
            fit(config, data, tmp_path / "killed.pt")
    resumed = fit(config, data, tmp_path / "killed.pt")

    assert len(resumed.history) == config.optimizer.epochs
    assert [r.train_loss for r in resumed.history] == [r.train_loss for r in whole.history]
    assert resumed.best_epoch == whole.best_epoch
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[name]), name


def test_a_finished_checkpoint_gives_its_model_without_training(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    trained = fit(config, data, tmp_path / "run.pt")
    loaded = load_fitted(config, data, tmp_path / "run.pt")
    assert loaded.history == trained.history
    for name, value in trained.model.state_dict().items():
        assert torch.equal(value, loaded.model.state_dict()[name]), name


def test_an_unfinished_checkpoint_is_no_model(
    data: TrainingData, config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_at_batch(monkeypatch, 8)
    with pytest.raises(KeyboardInterrupt):
        fit(config, data, tmp_path / "run.pt")
    with pytest.raises(TrainingError, match="1 of 3 epochs"):
        load_fitted(config, data, tmp_path / "run.pt")


def test_a_checkpoint_of_another_config_is_refused(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    fit(config, data, tmp_path / "run.pt")
    other = replace(config, seed=config.seed + 1)
    with pytest.raises(TrainingError, match="another config"):
        fit(other, data, tmp_path / "run.pt")


def test_a_checkpoint_of_other_pictures_is_refused(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    fit(config, data, tmp_path / "run.pt")
    with pytest.raises(TrainingError, match="other pictures"):
        fit(config, replace(data, sha256="0" * 64), tmp_path / "run.pt")


def test_a_checkpoint_survives_a_change_of_what_shapes_no_weight(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    fit(config, data, tmp_path / "run.pt")
    renamed = replace(config, version="2", export=replace(config.export, opset=18))
    load_fitted(renamed, data, tmp_path / "run.pt")


def test_a_loss_that_is_not_finite_ends_the_run(
    data: TrainingData, config: TrainConfig, tmp_path: Path
) -> None:
    wild = replace(config, optimizer=replace(config.optimizer, learning_rate=1e38))
    with pytest.raises(TrainingError, match=r"loss is (nan|inf) in epoch 1, step \d+; a lower"):
        fit(wild, data, tmp_path / "run.pt")
    assert not (tmp_path / "run.pt").exists()


def test_the_rate_climbs_to_its_peak_and_falls_to_zero() -> None:
    factors = [rate_factor(step / 100, warmup=0.2) for step in range(101)]
    assert factors[0] == 0 and factors[20] == 1 and factors[100] == 0
    assert factors[:21] == sorted(factors[:21])
    assert factors[20:] == sorted(factors[20:], reverse=True)
