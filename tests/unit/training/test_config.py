from pathlib import Path

import pytest

from training.config import CONFIGS, load_config
from visionflow.errors import ConfigError


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "experiment.toml"
    path.write_text((CONFIGS / "cifar10.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return path


def edit(path: Path, old: str, new: str) -> str:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", [path.stem for path in CONFIGS.glob("*.toml")])
def test_every_committed_config_loads_by_its_name(name: str) -> None:
    assert load_config(name).name


def test_an_unknown_key_is_named(toml: Path) -> None:
    source = edit(toml, "momentum = 0.9", "momentum = 0.9\nmomentun = 0.8")
    with pytest.raises(ConfigError, match=r"experiment\.toml\.optimizer: unknown field momentun"):
        load_config(source)


def test_a_missing_key_is_named(toml: Path) -> None:
    source = edit(toml, "seed = 1\n", "")
    with pytest.raises(ConfigError, match="missing field seed"):
        load_config(source)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("validation_fraction = 0.1", "validation_fraction = 1.0", "validation_fraction"),
        ("batch_size = 256", "batch_size = 0", "optimizer.batch_size"),
        ("widths = [32, 64, 128, 192]", "widths = [32, 64]", "model.widths"),
        ("opset = 20", "opset = 21", "export.opset"),
    ],
)
def test_a_value_out_of_range_is_named(toml: Path, old: str, new: str, field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        load_config(edit(toml, old, new))


def test_text_that_is_not_toml_is_refused(toml: Path) -> None:
    toml.write_text("seed = = 1", encoding="utf-8")
    with pytest.raises(ConfigError, match="not readable as TOML"):
        load_config(str(toml))


def test_a_config_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="neither a file nor the name"):
        load_config("no-such-experiment")
