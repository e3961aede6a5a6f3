import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.unit.training.fit.conftest import make_config
from tests.unit.training.fit.processes import run_forked
from training.config import TrainConfig, check_recipe
from training.data.split import SPLIT_FILE
from training.data.training_data import TrainingData
from training.data.upright_images import UprightImageSet
from training.errors import DivergedError, TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from training.fit.fit import Fitted, fit, load_fitted
from training.results.history import EpochRecord
from visionflow.errors import ConfigError
from visionflow.images.pipeline import UInt8Array


class DeadlyImages(UprightImageSet):
    """Kills its process, as the system does when memory runs out, on being read a certain time."""

    def __init__(self, images: UprightImageSet, reads: int) -> None:
        vars(self).update(vars(images))
        self._left = reads

    def __getitem__(self, index: int) -> UInt8Array:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__getitem__(index)


def killed_at_image(config: TrainConfig, data: TrainingData, run: Path, reads: int) -> None:
    def work() -> None:
        data.train_upright_images = DeadlyImages(data.train_upright_images, reads)
        fit(config, data, run)

    assert run_forked(work) == -signal.SIGKILL


def killed_after_epoch(config: TrainConfig, data: TrainingData, run: Path, epoch: int) -> None:
    def kill(history: Sequence[EpochRecord]) -> None:
        if len(history) == epoch:
            os.kill(os.getpid(), signal.SIGKILL)

    assert run_forked(lambda: fit(config, data, run, kill)) == -signal.SIGKILL


def assert_same(one: Fitted, other: Fitted) -> None:
    """To the last bit, in all but the time it took."""
    timeless = [[replace(r, seconds=0) for r in fitted.history] for fitted in (one, other)]
    assert timeless[0] == timeless[1]
    assert (one.best_epoch, one.stopped_early) == (other.best_epoch, other.stopped_early)
    weights = other.model.state_dict()
    for name, value in one.model.state_dict().items():
        assert torch.equal(value, weights[name]), name


SCHEDULES = ["linear", "cosine", "one_cycle", "plateau"]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_run_killed_in_an_epoch_ends_where_an_uninterrupted_one_ends(
    data: TrainingData, tmp_path: Path, schedule: str
) -> None:
    config = make_config("scratch", scratch__schedule__name=schedule)
    whole = fit(config, data, tmp_path / "whole")
    images = len(data.train_upright_images)
    killed_at_image(config, data, tmp_path / "killed", reads=images * 3 // 2)
    resumed = fit(config, data, tmp_path / "killed")
    assert len(resumed.history) == config.scratch.epochs
    assert_same(resumed, whole)


def test_a_probe_is_fitted_at_once_and_keeps_its_penalty(
    data: TrainingData, tmp_path: Path
) -> None:
    config = make_config("probe")
    whole = fit(config, data, tmp_path / "whole")
    assert [(r.phase, r.epoch) for r in whole.history] == [("probe", 1)]
    assert whole.probe is not None and whole.probe.penalty in config.probe.penalties
    killed_after_epoch(config, data, tmp_path / "killed", epoch=1)
    again = load_fitted(config, data, tmp_path / "killed")
    assert_same(again, whole)
    assert again.probe == whole.probe


def test_a_finetuning_killed_in_each_phase_ends_where_an_uninterrupted_one_ends(
    data: TrainingData, tmp_path: Path
) -> None:
    config = make_config("finetune", finetune__unfreeze_every=2, finetune__batch_norm="adapt")
    whole = fit(config, data, tmp_path / "whole")
    assert [r.phase for r in whole.history] == ["head"] * 3 + ["body"] * 3
    assert [r.epoch for r in whole.history] == [1, 2, 3, 4, 5, 6]
    run = tmp_path / "killed"
    killed_after_epoch(config, data, run, epoch=2)
    killed_after_epoch(config, data, run, epoch=3)
    killed_at_image(config, data, run, reads=len(data.train_upright_images) * 3 // 2)
    assert_same(fit(config, data, run), whole)


def test_the_best_epoch_of_all_phases_is_kept(data: TrainingData, tmp_path: Path) -> None:
    # A rate that forgets everything: no epoch of the body comes near the head's.
    config = make_config(
        "finetune",
        finetune__head__epochs=20,
        finetune__body__optimizer__name="sgd",
        finetune__body__optimizer__learning_rate=50.0,
        finetune__body__ema_decay=0.0,
    )
    fitted = fit(config, data, tmp_path)
    assert fitted.history[fitted.best_epoch - 1].phase == "head"
    with torch.inference_mode():
        logits = fitted.model(torch.from_numpy(data.validation.images)).logits
    top1 = (logits.argmax(dim=1).numpy() == data.validation.targets).mean()
    assert top1 == pytest.approx(fitted.history[fitted.best_epoch - 1].validation_top1)


@pytest.mark.parametrize("recipe", ["probe", "finetune", "scratch"])
def test_every_recipe_learns(data: TrainingData, tmp_path: Path, recipe: str) -> None:
    config = make_config(recipe, finetune__head__epochs=20, scratch__epochs=5)
    fitted = fit(config, data, tmp_path)
    best = fitted.history[fitted.best_epoch - 1]
    assert best.validation_top1 > 0.9
    assert fitted.seconds > sum(record.seconds for record in fitted.history) > 0
    assert not fitted.model.training


@pytest.mark.parametrize("recipe", ["probe", "finetune", "scratch"])
def test_epochs_are_scored_as_the_finished_model_answers_whatever_it_is_trained_in(
    data: TrainingData, tmp_path: Path, recipe: str
) -> None:
    """Rounded to bfloat16 the loss would be another in the third digit."""
    config = make_config(recipe, precision="bfloat16", finetune__body__ema_decay=0.0)
    fitted = fit(config, data, tmp_path)
    with torch.inference_mode():
        logits = fitted.model(torch.from_numpy(data.validation.images)).logits
    loss = functional.cross_entropy(logits, torch.from_numpy(data.validation.targets)).item()
    best = fitted.history[fitted.best_epoch - 1]
    assert best.validation_loss == pytest.approx(loss, rel=1e-4)


def test_a_finished_run_gives_its_model_without_training(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config("probe")
    trained = fit(config, data, tmp_path)

    def refuse(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("training.fit.fit.fit_probe", refuse)
    for again in (load_fitted(config, data, tmp_path), fit(config, data, tmp_path)):
        assert_same(again, trained)
        assert again.seconds == trained.seconds


def test_a_finished_run_needs_the_weights_it_began_from_no_more(
    data: TrainingData, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(fit(make_config("scratch"), data, tmp_path / "first").model.state_dict(), weights)
    config = make_config("probe", model__weights=str(weights))
    trained = fit(config, data, tmp_path / "second")
    weights.unlink()
    assert_same(load_fitted(config, data, tmp_path / "second"), trained)


def test_seconds_add_up_over_interruptions(data: TrainingData, tmp_path: Path) -> None:
    config = make_config("scratch")
    killed_after_epoch(config, data, tmp_path, epoch=2)
    path = tmp_path / CHECKPOINT_FILE
    state = torch.load(path, weights_only=True)
    torch.save({**state, "seconds": 1000.0}, path)
    assert 1000 < fit(config, data, tmp_path).seconds < 1100


def test_an_unfinished_run_is_no_model(data: TrainingData, tmp_path: Path) -> None:
    config = make_config("scratch")
    with pytest.raises(TrainingError, match="does not exist; train first"):
        load_fitted(config, data, tmp_path)
    killed_after_epoch(config, data, tmp_path, epoch=2)
    with pytest.raises(TrainingError, match="2 epochs of a run that is not finished"):
        load_fitted(config, data, tmp_path)


def test_what_on_epoch_raises_ends_the_run_after_its_epoch_is_kept(
    data: TrainingData, tmp_path: Path
) -> None:
    class PrunedError(Exception):
        pass

    def prune(history: Sequence[EpochRecord]) -> None:
        if len(history) == 2:
            raise PrunedError

    config = make_config("scratch")
    with pytest.raises(PrunedError):
        fit(config, data, tmp_path, prune)
    assert len(torch.load(tmp_path / CHECKPOINT_FILE, weights_only=True)["history"]) == 2


def test_a_resumed_run_first_passes_on_all_epochs_that_were_kept(
    data: TrainingData, tmp_path: Path
) -> None:
    config = make_config("scratch")
    killed_after_epoch(config, data, tmp_path, epoch=2)
    seen: list[list[int]] = []
    for _ in ("goes on", "is finished already"):
        fit(config, data, tmp_path, lambda kept: seen.append([record.epoch for record in kept]))
    assert seen == [[1, 2], [1, 2, 3], [1, 2, 3]]


def test_another_config_or_other_images_are_refused(data: TrainingData, tmp_path: Path) -> None:
    config = make_config("probe")
    fit(config, data, tmp_path)
    with pytest.raises(TrainingError, match="another config or other images"):
        fit(replace(config, seed=config.seed + 1), data, tmp_path)
    other = TrainingData(data.found, data.splits, data.config, data.spec, None, data.tree)
    other.sha256 = "0" * 64
    with pytest.raises(TrainingError, match="another config or other images"):
        fit(config, other, tmp_path)


def test_a_full_disk_is_told_and_costs_no_kept_epoch(data: TrainingData, tmp_path: Path) -> None:
    config = make_config("scratch")
    whole = fit(config, data, tmp_path / "whole")
    run = tmp_path / "run"

    def fill(history: Sequence[EpochRecord]) -> None:
        if len(history) == 1:
            (run / f"{CHECKPOINT_FILE}.partial").symlink_to("/dev/full")

    with pytest.raises(TrainingError, match=f"{run}: the checkpoint .*No space left on device"):
        fit(config, data, run, fill)
    assert {path.name for path in run.iterdir()} == {CHECKPOINT_FILE, SPLIT_FILE}
    assert_same(fit(config, data, run), whole)


def test_a_killed_worker_is_told_and_costs_no_kept_epoch(
    data: TrainingData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config("scratch", data__workers=1)
    images = data.train_upright_images
    data.train_upright_images = DeadlyImages(images, reads=len(images) * 3 // 2)
    with pytest.raises(TrainingError, match=r"prepares images died .*set data\.workers to"):
        fit(config, data, tmp_path)
    data.train_upright_images = images
    config = make_config("scratch", data__workers=0)
    capsys.readouterr()
    assert len(fit(config, data, tmp_path).history) == config.scratch.epochs
    resumed = f"{tmp_path}: goes on after epoch 1 of at most {config.scratch.epochs} "
    assert resumed in capsys.readouterr().err


def test_a_loss_that_is_not_finite_ends_the_run(data: TrainingData, tmp_path: Path) -> None:
    config = make_config(
        "scratch", scratch__optimizer__name="sgd", scratch__optimizer__learning_rate=1e38
    )
    expected = r"loss is (nan|inf) in epoch 1 of phase scratch, step [2-6]; a lower learning rate"
    with pytest.raises(DivergedError, match=expected):
        fit(config, data, tmp_path)
    assert not (tmp_path / CHECKPOINT_FILE).exists()


def test_muon_is_refused_on_frozen_batch_norm_before_any_work(
    data: TrainingData, tmp_path: Path
) -> None:
    config = make_config("finetune", finetune__body__optimizer__name="muon")
    with pytest.raises(ConfigError, match="frozen batch norm"):
        fit(config, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("recipe", ["probe", "finetune"])
def test_a_head_on_random_weights_is_refused_before_any_work(
    data: TrainingData, tmp_path: Path, recipe: str
) -> None:
    config = make_config(recipe, model__weights="none")
    with pytest.raises(ConfigError, match=f"the recipe {recipe} .*set model.weights to imagenet"):
        fit(config, data, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    # What it grows from gives the trunk.
    check_recipe(make_config(recipe, model__weights="none", model__grow_from="runs/a"))


@pytest.mark.parametrize("recipe", ["finetune", "scratch"])
def test_networks_side_by_side_are_for_a_probe_alone(recipe: str) -> None:
    config = make_config(recipe, model__name="resnet18+mobilenet_v2", model__weights="imagenet")
    with pytest.raises(ConfigError, match=f"the recipe {recipe} trains one network; several"):
        check_recipe(config)


def test_each_of_several_networks_needs_weights() -> None:
    names = {"model__name": "resnet18+mobilenet_v2"}
    check_recipe(make_config("probe", **names, model__weights="imagenet"))
    with pytest.raises(ConfigError, match="it is random; set model"):
        check_recipe(make_config("probe", **names, model__weights="imagenet+none"))


@pytest.mark.parametrize("balance", ["inverse", "sampler"])
@pytest.mark.parametrize("mixing", [0.0, 1.0])
def test_balance_and_mixed_images_train_together(
    data: TrainingData, tmp_path: Path, balance: str, mixing: float
) -> None:
    config = make_config(
        "scratch", data__balance=balance, augment__mixup=mixing, augment__cutmix=mixing
    )
    fitted = fit(replace(config, precision="bfloat16"), data, tmp_path)
    assert all(np.isfinite(record.train_loss) for record in fitted.history)
