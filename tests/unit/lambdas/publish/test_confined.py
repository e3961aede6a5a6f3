"""A function in a process of its own, under caps."""

import os
import time
from dataclasses import dataclass

import pytest

from lambdas.publish.confined import confined
from visionflow.errors import ArtifactError

MEMORY = 600 * 1024**2


@dataclass(frozen=True)
class Sum:
    total: int
    credentials: bool


def add(a: int, b: int) -> Sum:
    return Sum(a + b, any(name.startswith("AWS_") for name in os.environ))


def refuse(reason: str) -> Sum:
    raise ArtifactError(reason)


def eat() -> Sum:
    return Sum(len(bytearray(2 * MEMORY)), credentials=False)


def spin() -> Sum:
    while True:
        pass


def sleep() -> Sum:
    time.sleep(60)
    return Sum(0, credentials=False)


def die() -> Sum:
    os.abort()


def lie() -> Sum:
    return "nothing"  # type: ignore[return-value]


def test_it_answers_with_what_the_function_returns_and_has_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert confined(add, 2, 3, memory=MEMORY, seconds=20) == Sum(5, credentials=False)


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(ArtifactError, match=r"^no such model$"):
        confined(refuse, "no such model", memory=MEMORY, seconds=20)


def test_memory_is_bounded() -> None:
    with pytest.raises(ArtifactError, match="it used over 629,145,600 bytes of memory"):
        confined(eat, memory=MEMORY, seconds=20)


def test_time_is_bounded() -> None:
    # Which cap is reached first depends on what else the machine does.
    with pytest.raises(ArtifactError, match=r"or 1 s of processor time|it took over 2 s"):
        confined(spin, memory=MEMORY, seconds=1)
    with pytest.raises(ArtifactError, match="it took over 2 s"):
        confined(sleep, memory=MEMORY, seconds=1)


def test_a_process_that_dies_is_an_error() -> None:
    with pytest.raises(ArtifactError, match="or broke"):
        confined(die, memory=MEMORY, seconds=20)


def test_an_answer_of_another_kind_is_an_error() -> None:
    with pytest.raises(ArtifactError, match="it answered with something else"):
        confined(lie, memory=MEMORY, seconds=20)
