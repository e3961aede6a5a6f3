"""Which fields may be searched, and what each may be."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.conftest import shrunken_config
from training.config import Choices, FloatRange, TrainConfig, committed_configs, load_config
from training.tune.config_file import to_toml
from training.tune.space import read_space, with_values
from visionflow.errors import ConfigError


def searching(config: TrainConfig, field: str, domain: FloatRange | Choices) -> TrainConfig:
    return replace(config, tune=replace(config.tune, space={field: domain}))


@pytest.mark.parametrize(
    ("field", "domain", "message"),
    [
        ("scratch.rate", Choices((1,)), "no field scratch.rate"),
        ("scratch.epochs.more", Choices((1,)), "no field scratch.epochs.more"),
        ("scratch.optimizer", Choices((1,)), "is a table"),
        ("seed", Choices((1, 2)), "other validation images"),
        ("data.validation", FloatRange(0.1, 0.2, log=False), "other validation images"),
        ("export.opset", Choices((18, 20)), "no influence"),
        (
            "finetune.rate_decay",
            FloatRange(0.1, 1.0, log=False),
            "does not use it; state other fields",
        ),
        ("scratch.label_smoothing", FloatRange(0.2, 0.1, log=False), "low must be below high"),
        ("scratch.label_smoothing", FloatRange(0.0, 0.1, log=True), "low must be above 0"),
        ("scratch.label_smoothing", FloatRange(0.0, 1.0, log=False), "1.0 is not allowed"),
        ("scratch.batch_size", FloatRange(1.5, 8.0, log=False), "whole numbers"),
        ("scratch.batch_size", FloatRange(1.0, 8.0, log=False), "1 is not allowed"),
        ("augment.crop", FloatRange(1.0, 8.0, log=False), "needs choices"),
        ("augment.horizontal_flip", FloatRange(0.0, 1.0, log=False), "needs choices"),
        ("augment.crop", Choices(("resized", "sideways")), "'sideways' is not allowed"),
        ("augment.crop", Choices(()), "at least one"),
        ("recipe", Choices(("scratch", "probe")), "'probe' is not allowed .*model.weights"),
    ],
)
def test_a_field_that_cannot_be_searched_is_named(
    config: TrainConfig, field: str, domain: FloatRange | Choices, message: str
) -> None:
    with pytest.raises(ConfigError, match=rf"tune\.space\.{field}.*{message}"):
        read_space(searching(config, field, domain))


def test_an_empty_space_is_refused(config: TrainConfig) -> None:
    with pytest.raises(ConfigError, match=r"tune\.space is empty"):
        read_space(replace(config, tune=replace(config.tune, space={})))


def test_a_probe_sees_no_augmentation_but_mirror_images() -> None:
    probe = shrunken_config(recipe="probe")
    with pytest.raises(ConfigError, match="the recipe probe does not use it"):
        read_space(searching(probe, "augment.crop_scale", FloatRange(0.1, 1.0, log=False)))
    assert read_space(searching(probe, "augment.horizontal_flip", Choices((True, False))))


def test_with_the_recipe_searched_every_loop_may_be() -> None:
    config = shrunken_config(recipe="finetune")
    space: dict[str, FloatRange | Choices] = {
        "recipe": Choices(("scratch", "finetune")),
        "finetune.rate_decay": FloatRange(0.1, 1.0, log=False),
    }
    assert len(read_space(replace(config, tune=replace(config.tune, space=space)))) == 2


@pytest.mark.parametrize(
    ("field", "domain", "stored", "value"),
    [
        ("scratch.epochs", FloatRange(2.0, 9.0, log=False), 4, 4),
        ("model.widths", Choices(([8, 8, 16], [8, 16, 16])), "[8, 16, 16]", [8, 16, 16]),
        ("scratch.optimizer.name", Choices(("sgd", "muon")), "muon", "muon"),
    ],
)
def test_what_is_proposed_goes_into_the_config(
    config: TrainConfig, field: str, domain: FloatRange | Choices, stored: Any, value: Any
) -> None:
    from optuna.trial import FixedTrial  # noqa: PLC0415

    (dimension,) = read_space(searching(config, field, domain))
    assert dimension.suggest(FixedTrial({field: stored})) == value
    found: Any = with_values(config, {field: value})
    for name in field.split("."):
        found = getattr(found, name)
    assert found == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("name", committed_configs())
def test_a_config_survives_its_own_toml(name: str, tmp_path: Path) -> None:
    config = load_config(name, {"name": 'quoted "name" with \\ and 꽃'})
    (tmp_path / "config.toml").write_text(to_toml(config), encoding="utf-8")
    assert load_config(str(tmp_path / "config.toml")) == config
