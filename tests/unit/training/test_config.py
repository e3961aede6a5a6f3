"""An experiment is stated strictly, and in layers."""

import tomllib
from pathlib import Path

import pytest

from training.config import (
    DEFAULTS,
    Choices,
    FloatRange,
    committed_configs,
    dotted,
    load_config,
    merge,
    settings,
)
from visionflow.errors import ConfigError


@pytest.mark.parametrize("name", committed_configs())
def test_every_committed_config_loads(name: str) -> None:
    assert load_config(name).name


def test_every_system_has_its_config() -> None:
    assert set(committed_configs()) == {
        "visionflow20",
        "flowers",
        "cifar10-small",
        "cifar10",
        "cifar10-whitened",
        "vegetables-compare",
        "fruits-finetune",
        "instant",
    }


def test_a_file_wins_over_the_defaults_and_a_flag_over_both(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('name = "mine"\n[scratch]\nepochs = 7\nbatch_size = 9\n')
    defaults = tomllib.loads(DEFAULTS.read_text())
    config = load_config(str(file), {"scratch.epochs": 3})
    assert (config.name, config.scratch.epochs, config.scratch.batch_size) == ("mine", 3, 9)
    assert (
        config.scratch.optimizer.learning_rate == defaults["scratch"]["optimizer"]["learning_rate"]
    )


def test_a_search_space_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        "[tune.space]\nseed = { choices = [1, 2] }\n"
        '"model.dropout" = { low = 0.1, high = 0.5, log = false }\n'
    )
    assert load_config(str(file)).tune.space == {
        "seed": Choices((1, 2)),
        "model.dropout": FloatRange(0.1, 0.5, log=False),
    }


def test_merging_leaves_both_as_they_were() -> None:
    below, above = {"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}
    assert merge(below, above) == {"a": {"b": 3, "c": 2}}
    assert below == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "scratch.epoch",
            3,
            r"^overrides: unknown field scratch.epoch; did you mean scratch.epochs\?$",
        ),
        ("epochs", 3, r"unknown field epochs; did you mean .*scratch.epochs\?$"),
        ("scratch.epochs", "many", "^overrides: scratch.epochs: expected int, found 'many'$"),
        (
            "model.name",
            "resnet19",
            r"model.name must be timm:NAME or one of .*not 'resnet19'",
        ),
        ("model.name", "timm:", r"model.name must be timm:NAME or one of .*not 'timm:'"),
        ("model.name", "resnet18+resnet19", r"model.name must be timm.*not 'resnet19'"),
        ("model.name", "resnet18+resnet18", "model.name must be different networks"),
        ("scratch.epochs", 0, "scratch.epochs must be at least 1"),
        ("data.group_by", "faces", r"data.group_by must be auto, content, .*not 'faces'"),
        ("data.group_by", "csv:", "data.group_by must be auto"),
        ("data.group_by", "prefix:[a", r"data.group_by must be prefix: and a regular expression"),
        ("data.validation", 0.95, r"data.validation \+ data.test must be below 1"),
        ("finetune.body.schedule.warmup", 1.0, "finetune.body.schedule.warmup must be"),
        ("finetune.rate_decay", 0, "finetune.rate_decay must be"),
        ("scratch.optimizer.learning_rate", "fast", "scratch.optimizer.learning_rate: expected fl"),
        ("probe.penalties", [1.0, 0.0], "probe.penalties must be at least 1 positive number"),
        ("probe.penalties", [], "probe.penalties must be at least 1 positive number"),
        ("probe.folds", 1, "probe.folds must be at least 2"),
        ("export.opset", 21, "export.opset must be 18 to 20"),
        ("augment.mixup", -1, "augment.mixup must be at least 0"),
        ("input.size", 300, "input.resize: must be between size and 4 times size"),
        ("seed", -1, "seed must be at least 0"),
        ("name", "", "name must be not empty"),
    ],
)
def test_a_field_that_is_off_is_named(field: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config("cifar10", {field: value})


def test_a_field_that_is_off_in_the_file_is_not_blamed_on_a_flag(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    for fault in ("[scratch]\nepoch = 7\n", "[scratch]\nepochs = '7'\n"):
        file.write_text(fault)
        with pytest.raises(ConfigError, match=r"^mine\.toml: .*scratch\.epoch"):
            load_config(str(file), {"seed": 4}, "--set")
    # A flag may set right what a file has wrong.
    assert load_config(str(file), {"scratch.epochs": 4}).scratch.epochs == 4


def test_each_setting_says_where_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'seed = 3\n[tune.space]\n"model.dropout" = { low = 0.1, high = 0.5, log = false }\n'
    )
    found = {one.field: one for one in settings(file, {"scratch.epochs": 4}, "--set")}
    assert (found["seed"].value, found["seed"].source) == (3, "mine.toml")
    assert (found["scratch.epochs"].value, found["scratch.epochs"].source) == (4, "--set")
    assert found["scratch.batch_size"].source == "defaults.toml"
    assert found["tune.space.model.dropout.low"].source == "mine.toml"
    defaults = dict(dotted(tomllib.loads(DEFAULTS.read_text())))
    assert found.keys() >= {name for name in defaults if not name.startswith("tune.space")}


def test_networks_side_by_side_have_one_source_of_weights_each() -> None:
    several = {"model.name": "resnet18+mobilenet_v2", "model.weights": "a.pt+b.pt+c.pt"}
    with pytest.raises(ConfigError, match=r"model.weights must be one for all or 2, joined by \+"):
        load_config("cifar10", several)


def test_a_missing_file_names_the_committed_ones() -> None:
    with pytest.raises(ConfigError, match=r"nor a committed config .*visionflow20"):
        load_config("cifar11")
    with pytest.raises(ConfigError, match="did you mean cifar10-small"):
        load_config("cifar10-smal")


def test_the_defaults_are_no_experiment_of_their_own() -> None:
    assert "defaults" not in committed_configs()


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = ")
    with pytest.raises(ConfigError, match=r"mine\.toml: not readable as TOML"):
        load_config(str(file))


@pytest.mark.parametrize("rule", ["auto", "folder", "exif-minute", r"prefix:(\d+)_", "csv:a.csv"])
def test_images_can_be_grouped_by(rule: str) -> None:
    assert load_config("cifar10", {"data.group_by": rule}).data.group_by == rule


@pytest.mark.parametrize(("recipe", "epochs"), [("probe", 1), ("finetune", 50), ("scratch", 50)])
def test_epochs_are_those_of_all_phases_of_the_recipe(recipe: str, epochs: int) -> None:
    assert load_config("flowers", {"recipe": recipe}).epochs == epochs
