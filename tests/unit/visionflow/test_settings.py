from dataclasses import dataclass

import pytest

from visionflow.errors import ConfigError
from visionflow.settings import EnvSettings


@dataclass(frozen=True)
class Example(EnvSettings):
    bucket: str
    days: int


def test_the_environment_is_read_as_it_was_written() -> None:
    settings = Example("images", 90)
    assert settings.to_env() == {"VISIONFLOW_BUCKET": "images", "VISIONFLOW_DAYS": "90"}
    assert Example.from_env(settings.to_env() | {"PATH": "/bin"}) == settings


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="VISIONFLOW_DAYS is not set"):
        Example.from_env({"VISIONFLOW_BUCKET": "images"})


def test_a_number_must_be_one() -> None:
    with pytest.raises(ConfigError, match="VISIONFLOW_DAYS must be a number"):
        Example.from_env({"VISIONFLOW_BUCKET": "images", "VISIONFLOW_DAYS": "many"})
