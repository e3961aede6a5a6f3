"""Which version comes next."""

import tomllib
from pathlib import Path

import pytest

from visionflow.models.registry.numbers import UNNAMED, is_free, next_version


@pytest.mark.parametrize(
    ("taken", "first", "expected"),
    [
        ((), "1.0.0", "1.0.0"),
        (("1.0.0",), "1.0.0", "1.0.1"),
        (("1.0.0", "1.0.9"), "1.0.0", "1.0.10"),
        (("1.9.0", "1.10.0"), "1.0.0", "1.10.1"),
        (("7",), "1.0.0", "8"),
        (("0.9",), "1.0.0", "1.0.0"),
        (("alpha",), "1.0.0", "1.0.0"),
        (("alpha",), "alpha", "1"),
        (("20300101-120000", "1.0.0"), "1.0.0", "1.0.1"),
        (("2.0.0",), "3.1.0", "3.1.0"),
    ],
)
def test_the_next_is_free_and_behind_the_highest(
    taken: tuple[str, ...], first: str, expected: str
) -> None:
    assert next_version(taken, first) == expected
    assert expected not in taken


@pytest.mark.parametrize(
    ("version", "taken", "free"),
    [
        ("2.0.0", ("1.0.0",), True),
        ("2.0.0", ("3.0.0",), True),
        ("2.0.0", ("2.0.0",), False),
        (UNNAMED, (), True),
        (UNNAMED, ("2.0.0",), False),
    ],
)
def test_a_version_that_somebody_chose_is_kept_while_it_is_free(
    version: str, taken: tuple[str, ...], free: bool
) -> None:
    assert is_free(version, taken) is free


def test_a_run_without_a_chosen_version_has_the_default_of_configs() -> None:
    defaults = Path("training/configs/defaults.toml").read_text(encoding="utf-8")
    assert tomllib.loads(defaults)["version"] == UNNAMED
