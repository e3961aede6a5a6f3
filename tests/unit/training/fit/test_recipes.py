from pathlib import Path

import pytest
import torch
from torch import nn

from tests.unit.training.fit.conftest import make_config
from training.config import TrainConfig
from training.data.training_data import TrainingData
from training.fit.distributed import Process
from training.fit.loop import Loop
from training.fit.recipes import RECIPES, Session, body, probe
from training.networks.build import build_model

ALONE = Process(0, 1, torch.device("cpu"))
STAGES = ["stem", "stage1", "stage2", "stage3"]


def session(config: TrainConfig, data: TrainingData, run: Path) -> Session:
    torch.manual_seed(1)
    return Session(config, data, run, build_model(config.model, 3), ALONE)


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


def test_a_probe_leaves_the_trunk_as_it_is(data: TrainingData, tmp_path: Path) -> None:
    of = session(make_config("probe"), data, tmp_path)
    before = state(of.model.trunk)
    loop = Loop(probe(of), ALONE, seed=1, history=[])
    loop.run_epoch()
    assert not changed(before, of.model.trunk)
    assert set(loop.state_dict()["network"]) == set(of.model.head.state_dict())


def test_mirror_images_are_features_where_the_network_answers_with_them(
    data: TrainingData, tmp_path: Path
) -> None:
    for mirror in (True, False):
        of = session(make_config("probe", model__mirror=mirror), data, tmp_path)
        inputs = torch.cat([batch for batch, _ in probe(of).batches.epoch(1)])
        images = torch.from_numpy(data.train_images.images)
        with torch.inference_mode():
            plain = of.model.eval().embed(images)
        # By differences: the faster way by products loses the digits that matter here.
        distances = torch.cdist(inputs, plain, compute_mode="donot_use_mm_for_euclid_dist")
        found = distances.min(dim=1).values < 1e-4
        assert found.all() == (not mirror)
        assert found.any()


def test_every_recipe_has_phases() -> None:
    assert {name: [phase for phase, _ in phases] for name, phases in RECIPES.items()} == {
        "probe": ["probe"],
        "finetune": ["head", "body"],
        "scratch": ["scratch"],
    }
