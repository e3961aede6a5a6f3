from dataclasses import replace
from typing import Literal

import pytest
import torch
from torch import nn

from tests.unit.training.conftest import shrunken_config
from training.config import OptimizerConfig
from training.fit.optim.muon import Muon
from training.fit.optim.optimizers import Part, make_optimizers
from visionflow.errors import ConfigError

BASE = shrunken_config().scratch.optimizer


def config(name: Literal["adamw", "adam", "sgd", "muon"]) -> OptimizerConfig:
    return replace(BASE, name=name, learning_rate=0.1, weight_decay=0.01)


def trunk() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Conv2d(4, 4, 1))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)],
)
def test_weights_with_two_dimensions_or_more_decay(
    name: Literal["adamw", "adam", "sgd"], kind: type[torch.optim.Optimizer]
) -> None:
    network = trunk()
    (optimizer,) = make_optimizers([Part(network)], config(name))
    assert type(optimizer) is kind
    decays = {id(w): g["weight_decay"] for g in optimizer.param_groups for w in g["params"]}
    assert len(decays) == len(list(network.parameters()))
    for weight in network.parameters():
        assert decays[id(weight)] == (0.01 if weight.ndim >= 2 else 0)


def test_each_part_has_its_share_of_the_rate_and_the_head_comes_first() -> None:
    head, top, bottom = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    parts = [Part(head), Part(top, 0.5), Part(bottom, 0.25)]
    (optimizer,) = make_optimizers(parts, config("adamw"))
    rates = [group["lr"] for group in optimizer.param_groups]
    assert rates == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])
    assert optimizer.param_groups[0]["params"][0] is head.weight


def test_muon_takes_convolutions_that_batch_norm_follows_and_sgd_the_rest() -> None:
    head, network = nn.Linear(4, 2), trunk()
    muon, sgd = make_optimizers([Part(head), Part(network, 0.5)], config("muon"))
    assert isinstance(muon, Muon) and isinstance(sgd, torch.optim.SGD)
    (group,) = muon.param_groups
    assert [id(weight) for weight in group["params"]] == [id(network[0].weight)]
    assert group["lr"] == BASE.muon_learning_rate * 0.5
    rest = {id(weight) for group in sgd.param_groups for weight in group["params"]}
    expected = {id(w) for w in (*head.parameters(), *network.parameters())}
    assert rest == expected - {id(network[0].weight)}
    assert sgd.param_groups[0]["params"][0] is head.weight


def test_muon_is_refused_where_there_is_nothing_for_it() -> None:
    with pytest.raises(ConfigError, match="muon needs convolutions"):
        make_optimizers([Part(nn.Linear(2, 2))], config("muon"))


def test_a_frozen_weight_does_not_move_or_decay() -> None:
    for name in ("adamw", "sgd", "muon"):
        network = trunk()
        before = [weight.clone() for weight in network.parameters()]
        for optimizer in make_optimizers([Part(network)], config(name)):
            optimizer.step()
        for weight, old in zip(network.parameters(), before, strict=True):
            assert torch.equal(weight, old)
