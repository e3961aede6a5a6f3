"""Work under a cap of time and memory."""

import resource
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from tests.bad_models import FOR_SPECIAL, KINDS, SPECIAL, bad_graph, write_bad_artifact
from tests.tiny_model import SIDE
from visionflow.answers import caps
from visionflow.answers.caps import within
from visionflow.answers.classifier import Classifier
from visionflow.errors import ArtifactError


@pytest.fixture(autouse=True)
def unlimited() -> int:
    """The limit, once nothing of an earlier test is at work."""
    deadline = time.monotonic() + 30
    while caps._Limit.holders and time.monotonic() < deadline:
        time.sleep(0.01)
    assert caps._Limit.holders == 0
    return limit()


def limit() -> int:
    return resource.getrlimit(resource.RLIMIT_AS)[0]


def allocate(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def test_what_is_done_in_time_is_returned_and_what_is_raised_is_raised() -> None:
    assert within(5, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)


def test_what_takes_longer_is_told_to_stop_and_not_waited_for() -> None:
    stopped = threading.Event()
    start = time.monotonic()
    with pytest.raises(TimeoutError, match=r"more than 0\.1 seconds"):
        within(0.1, lambda: stopped.wait(10), stop=stopped.set)
    assert stopped.is_set()
    assert time.monotonic() - start < 5


def test_an_allocation_that_is_too_large_fails_and_the_limit_ends_with_the_work(
    unlimited: int,
) -> None:
    with pytest.raises(MemoryError):
        within(5, lambda: allocate(4_000))
    assert limit() == unlimited
    assert within(5, lambda: allocate(100)) == 100 << 20


def test_the_limit_holds_as_long_as_someone_is_at_work(unlimited: int) -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: release.wait(30))
    assert limit() != unlimited
    assert within(5, limit) != unlimited
    assert limit() != unlimited
    with pytest.raises(MemoryError):
        within(5, lambda: allocate(4_000))
    release.set()
    deadline = time.monotonic() + 30
    while limit() != unlimited and time.monotonic() < deadline:
        time.sleep(0.01)
    assert limit() == unlimited


def test_what_comes_too_late_is_not_taken_for_the_next_result() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.05, lambda: (release.wait(30), "late")[1])
    release.set()
    assert [within(5, partial(int, n)) for n in range(20)] == [*range(20)]


def classifier(folder: Path, graph: bytes) -> Classifier:
    return Classifier.of_artifact(folder, write_bad_artifact(folder, "1", graph))


def test_a_graph_without_end_stops_between_two_nodes(tmp_path: Path) -> None:
    endless = classifier(tmp_path, bad_graph(KINDS["endless"]()))
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    ended = threading.Event()

    def work() -> None:
        try:
            endless.classify(image)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        within(0.2, work, stop=endless.stop)
    assert ended.wait(10)


def test_a_graph_that_wants_gigabytes_fails_and_nothing_dies(tmp_path: Path) -> None:
    hungry = classifier(tmp_path, bad_graph(KINDS["hungry"]()))
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    with pytest.raises(Exception, match="Failed to allocate memory"):
        within(5, lambda: hungry.classify(image))


def test_numbers_that_are_not_finite_are_no_answer(tmp_path: Path) -> None:
    fails = classifier(tmp_path, bad_graph(FOR_SPECIAL["not a number"]()))
    image = np.zeros((1, SIDE, SIDE, 3), np.uint8)
    assert fails.classify(image)
    image[:] = SPECIAL
    with pytest.raises(ArtifactError, match="not finite"):
        fails.classify(image)
