from dataclasses import replace

import pytest
import torch

from training.config import ScheduleConfig
from training.fit.optim.schedules import Schedule, rate_factor
from visionflow.strict import parse

NAMES = ["cosine", "linear", "plateau", "one_cycle", "constant"]
EPOCHS, STEPS = 4, 25


def config(name: str) -> ScheduleConfig:
    values = {"name": name, "warmup": 0.2, "plateau_factor": 0.1, "plateau_patience": 1}
    return parse(ScheduleConfig, values, "schedule")


def optimizer(*rates: float) -> torch.optim.SGD:
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups)


def rates(name: str, losses: tuple[float, ...] = (4, 3, 2, 1)) -> list[float]:
    """Of every step; the validation losses decide for ``plateau`` only."""
    sgd = optimizer(2.0)
    schedule = Schedule([sgd], config(name), EPOCHS, STEPS)
    seen = []
    for loss in losses:
        for _ in range(STEPS):
            seen.append(sgd.param_groups[0]["lr"])
            sgd.step()
            schedule.after_step()
        schedule.after_epoch(loss)
    return seen


@pytest.mark.parametrize("name", NAMES)
def test_every_schedule_climbs_to_its_peak_over_the_warmup(name: str) -> None:
    seen = rates(name)
    climb = round(0.2 * len(seen))
    assert seen[:climb] == sorted(seen[:climb]) and 0 < seen[0] < 0.2
    assert max(seen) == pytest.approx(2.0, rel=0.03)
    assert seen[climb] == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize("name", ["cosine", "linear", "one_cycle"])
def test_the_rate_falls_towards_zero(name: str) -> None:
    seen = rates(name)
    after = seen[round(0.2 * len(seen)) :]
    assert after == sorted(after, reverse=True)
    assert 0 <= after[-1] < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_a_climb_of_a_single_step_is_possible(name: str) -> None:
    sgd = optimizer(2.0)
    schedule = Schedule([sgd], replace(config(name), warmup=0.25), 1, 4)
    seen = []
    for _ in range(4):
        seen.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.after_step()
    assert max(seen) <= 2.0 and seen[1] > 0.5


def test_shapes_of_the_fall() -> None:
    assert rate_factor("linear", 0.0, 0.25) == pytest.approx(0.75)
    assert rate_factor("cosine", 0.0, 0.5) == pytest.approx(0.5)
    assert rate_factor("cosine", 0.0, 0.25) == pytest.approx(0.853553, abs=1e-6)
    assert rate_factor("constant", 0.5, 0.75) == 1
    assert [rate_factor(name, 0.5, 1.0) for name in ("linear", "cosine")] == [0, 0]


def test_plateau_cuts_the_rate_when_the_loss_stands_still() -> None:
    by_epoch = rates("plateau", losses=(1.0, 0.5, 0.6, 0.7))[STEPS - 1 :: STEPS]
    assert by_epoch == pytest.approx([2, 2, 2, 2])
    longer = rates("plateau", losses=(1.0, 0.5, 0.6, 0.7, 0.8))[STEPS - 1 :: STEPS]
    assert longer == pytest.approx([2, 2, 2, 2, 0.2])


def test_each_group_moves_below_its_own_peak() -> None:
    first, second = optimizer(1.0, 0.1), optimizer(10.0)
    schedule = Schedule([first, second], config("linear"), EPOCHS, STEPS)
    for each in (first, second):
        each.step()
    for _ in range(60):
        schedule.after_step()
    moved = [group["lr"] for each in (first, second) for group in each.param_groups]
    assert moved == pytest.approx([moved[0], moved[0] / 10, moved[0] * 10])
    assert 0 < moved[0] < 1


@pytest.mark.parametrize("name", NAMES)
def test_a_schedule_of_one_step_learns(name: str) -> None:
    sgd = optimizer(1.0)
    Schedule([sgd], config(name), epochs=1, steps=1)
    assert sgd.param_groups[0]["lr"] > 0
