import time

import pytest

from training.data.threads import CHUNK, in_threads


def test_results_come_in_order() -> None:
    def double(item: int) -> int:
        time.sleep(0.001 * (item % 3))
        return 2 * item

    assert list(in_threads(double, range(100), "double")) == list(range(0, 200, 2))


def test_nothing_is_done_far_ahead_of_the_reader() -> None:
    begun: list[int] = []
    results = in_threads(begun.append, range(1000), "wait", threads=2)
    next(results)
    time.sleep(0.05)
    assert len(begun) <= 5 * CHUNK
    del results


def test_the_first_error_ends_it() -> None:
    begun = []

    def fail(item: int) -> None:
        begun.append(item)
        if item == 20:
            raise ValueError("twenty")

    with pytest.raises(ValueError, match="twenty"):
        list(in_threads(fail, range(10_000), "fail", threads=2))
    assert len(begun) < 200
