"""Calls that AWS refuses for a moment."""

import pytest

from lambdas.aws.errors import UnreachedError
from lambdas.chunk.again import again


class Flaky:
    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.faults:
            raise self.faults.pop(0)
        return "done"


def test_a_fault_of_the_platform_passes() -> None:
    waits: list[float] = []
    call = Flaky(*[UnreachedError("cut off")] * 3)
    assert again(call, waits.append) == "done"
    assert call.calls == 4
    assert len(waits) == 3
    assert all(0 <= wait <= 0.8 for wait in waits)


def test_one_that_lasts_is_raised() -> None:
    with pytest.raises(UnreachedError):
        again(Flaky(*[UnreachedError("cut off")] * 4), lambda _: None)


def test_a_fault_of_the_code_is_raised_at_once() -> None:
    call = Flaky(TypeError("ours"))
    with pytest.raises(TypeError):
        again(call, lambda _: None)
    assert call.calls == 1
