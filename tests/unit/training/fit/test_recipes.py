from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.unit.training.fit.conftest import make_config
from training.config import TrainConfig
from training.data.batches import augmented_once
from training.data.image_set import ImageSet
from training.data.training_data import TrainingData
from training.fit.distributed import Process
from training.fit.frozen_maps import FrozenMaps
from training.fit.linear.penalty import Known, choose_penalty
from training.fit.loop import Loop
from training.fit.recipes import PHASES, Session, body, fit_probe, scratch
from training.fit.validation import Score, score_images
from training.networks.build import build_model
from training.networks.network import ConvNet
from training.networks.trunks.whitened_cnn import WhiteningStem
from training.results.probe import ProbeFit

ALONE = Process(0, 1, torch.device("cpu"))
STAGES = ["stem", "stage1", "stage2", "stage3"]


def session(config: TrainConfig, data: TrainingData, run: Path) -> Session:
    torch.manual_seed(1)
    return Session(config, data, run, build_model(config.network, 3), ALONE)


def finetuning(stages: int, every: int, batch_norm: str = "frozen") -> TrainConfig:
    return make_config(
        "finetune",
        finetune__stages=stages,
        finetune__unfreeze_every=every,
        finetune__batch_norm=batch_norm,
        finetune__rate_decay=0.5,
        finetune__body__optimizer__learning_rate=0.1,
        finetune__body__optimizer__name="sgd",
        finetune__body__schedule__name="constant",
        finetune__body__schedule__warmup=0.0,
    )


@pytest.mark.parametrize(
    ("stages", "every", "trained"),
    [
        (0, 1, [1, 2, 3, 4, 4]),
        (0, 2, [1, 1, 2, 2, 3]),
        (2, 1, [1, 2, 2, 2, 2]),
        (2, 0, [2, 2, 2, 2, 2]),
        (0, 0, [4, 4, 4, 4, 4]),
    ],
)
def test_stages_are_unfrozen_from_the_top(
    data: TrainingData, tmp_path: Path, stages: int, every: int, trained: list[int]
) -> None:
    of = session(finetuning(stages, every), data, tmp_path)
    phase = body(of)
    for epoch, count in enumerate(trained, start=1):
        phase.network.train()
        phase.freeze(epoch)
        for name, stage in of.model.stages():
            expected = name in STAGES[-count:]
            assert {weight.requires_grad for weight in stage.parameters()} == {expected}
            assert stage.training == expected
        assert all(weight.requires_grad for weight in of.model.head.parameters())
        assert of.model.head.training


def test_what_frozen_stages_gave_for_validation_is_not_computed_again(
    data: TrainingData, tmp_path: Path
) -> None:
    of = session(finetuning(0, 1), data, tmp_path)
    told: list[int] = []

    def note(model: ConvNet, images: ImageSet, process: Process, known: FrozenMaps) -> Score:
        told.append(known.stages)
        score = score_images(model, images, process, known)
        assert score == score_images(model, images, process)
        return score

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit.recipes.score_images", note)
        loop = Loop(body(of), ALONE, seed=1, history=[])
        loop.run_epoch()
        loop.run_epoch()
    # Those that the next epoch thaws will be others.
    assert told == [len(STAGES) - 2, len(STAGES) - 3]


def test_lower_stages_learn_more_slowly(data: TrainingData, tmp_path: Path) -> None:
    of = session(finetuning(0, 1), data, tmp_path)
    (optimizer,) = body(of).optimizers
    rates = {id(w): g["lr"] for g in optimizer.param_groups for w in g["params"]}
    for name, stage in of.model.stages():
        depth = STAGES[::-1].index(name)
        assert {rates[id(w)] for w in stage.parameters()} == {0.1 * 0.5**depth}
    assert {rates[id(weight)] for weight in of.model.head.parameters()} == {0.1}


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def changed(before: dict[str, torch.Tensor], module: nn.Module) -> set[str]:
    return {name for name, value in module.state_dict().items() if not value.equal(before[name])}


@pytest.mark.parametrize("batch_norm", ["frozen", "adapt"])
def test_an_epoch_moves_what_is_unfrozen_and_nothing_else(
    data: TrainingData, tmp_path: Path, batch_norm: str
) -> None:
    of = session(finetuning(2, 0, batch_norm), data, tmp_path)
    before = {name: state(stage) for name, stage in of.model.stages()}
    head = state(of.model.head)
    Loop(body(of), ALONE, seed=1, history=[]).run_epoch()
    for name, stage in of.model.stages():
        moved = changed(before[name], stage)
        if name in STAGES[:2]:
            assert not moved
            assert all(weight.grad is None for weight in stage.parameters())
        else:
            assert any(key.endswith(".0.weight") for key in moved)
            estimates = {key for key in before[name] if "running" in key or "tracked" in key}
            assert estimates & moved == (estimates if batch_norm == "adapt" else set())
    assert changed(head, of.model.head) == set(head)


def test_a_whitening_stem_is_computed_from_the_training_images_and_not_trained(
    data: TrainingData, tmp_path: Path
) -> None:
    config = make_config("scratch", model__name="whitened_cnn", model__widths=[8, 8, 16])
    of = session(config, data, tmp_path)
    phase = scratch(of)
    stem = of.model.trunk.get_submodule("stem")
    assert isinstance(stem, WhiteningStem)
    computed = stem.weight.clone()
    pixels = torch.from_numpy(np.array(data.train_images.images)).permute(0, 3, 1, 2)
    expected = WhiteningStem()
    expected.whiten((pixels - of.model.mean) / of.model.std)
    torch.testing.assert_close(computed.abs(), expected.weight.abs(), rtol=1e-3, atol=1e-3)
    Loop(phase, ALONE, seed=1, history=[]).run_epoch()
    assert torch.equal(stem.weight, computed) and stem.bias.any()


def test_a_probe_leaves_the_trunk_as_it_is(data: TrainingData, tmp_path: Path) -> None:
    of = session(make_config("probe"), data, tmp_path)
    before = state(of.model.trunk)
    chosen, record, held_out = fit_probe(of)
    assert not changed(before, of.model.trunk)
    assert (chosen.folds, chosen.images) == (4, len(data.train_images))
    images = torch.from_numpy(data.validation.images)
    with torch.inference_mode():
        right = of.model.eval()(images).logits.argmax(dim=1).numpy() == data.validation.targets
        torch.testing.assert_close(held_out[:, 0], of.model.embed(images))
    assert record.validation_top1 == pytest.approx(right.mean())
    assert record.validation_top1 > 0.9


@pytest.mark.parametrize(("mirror", "views"), [(False, 0), (False, 2), (True, 1)])
def test_a_probe_learns_from_what_it_answers_with_and_from_crops(
    data: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirror: bool, views: int
) -> None:
    seen = []

    def note(known: Known, *rest: Any) -> ProbeFit:
        seen.append(known)
        return choose_penalty(known, *rest)

    monkeypatch.setattr("training.fit.recipes.choose_penalty", note)
    # Nothing but the flip applies to a probe.
    other = {"augment__mixup": 1.0, "augment__random_erasing": 1.0, "augment__color_jitter": 0.5}
    config = make_config("probe", model__mirror=mirror, probe__views=views, **other)
    of = session(config, data, tmp_path)
    fit_probe(of)
    images = data.train_images
    plain = [torch.from_numpy(images.images)]
    if mirror:
        plain.append(plain[0].flip(2))
    size = len(images)
    cropping = {"augment__crop": "resized", "augment__crop_scale": config.probe.crop_scale}
    cropped = make_config("probe", augment__random_erasing=0.0, **cropping)
    with torch.inference_mode():
        expected = [of.model.embed(view) for view in plain]
        for number in range(views):
            (view,) = augmented_once(data.train_upright_images, cropped, size, number)
            expected.append(of.model.embed(view))
    np.testing.assert_allclose(
        seen[0].features, torch.stack(expected, dim=1).numpy(), rtol=1.3e-6, atol=1e-5
    )
    assert (seen[0].groups == data.group_numbers["train"]).all()


def test_a_probe_weighs_what_a_sampler_would_draw(data: TrainingData, tmp_path: Path) -> None:
    inverse, sampler, none = (
        session(make_config("probe", data__balance=balance), data, tmp_path).class_weights
        for balance in ("inverse", "sampler", "none")
    )
    assert none is None
    assert inverse is not None and sampler is not None and torch.equal(inverse, sampler)
    trained = session(make_config("scratch", data__balance="sampler"), data, tmp_path)
    assert trained.class_weights is None


def test_every_recipe_has_its_phases() -> None:
    assert {name: [phase for phase, _ in phases] for name, phases in PHASES.items()} == {
        "instant": [],
        "probe": [],
        "finetune": ["head", "body"],
        "scratch": ["scratch"],
    }
