"""A slice of the campaign that `make bench` runs whole, and whether it would notice anything."""

import sys
from pathlib import Path

import pytest

from tests.fuzzing import campaign
from tests.fuzzing.campaign import Campaign
from tests.fuzzing.seeds import bodies, images
from tests.fuzzing.worker import Inputs, run
from visionflow.images import formats
from visionflow.images.limits import DEFAULT_LIMITS

FOUND = sorted((Path(__file__).parents[2] / "fuzzing" / "found").glob("*"))


def test_two_thousand_damaged_inputs_end_as_they_may() -> None:
    slice_ = Campaign(seed=2)
    slice_.run(0, 2000)
    assert slice_.findings == {}
    assert slice_.codes.total() == 2000
    assert {"ok", "image_unreadable", "image_truncated", "image_too_large", "invalid_body"} <= set(
        slice_.codes
    )
    assert slice_.peak < DEFAULT_LIMITS.max_memory


def test_what_the_campaign_starts_from_is_whole() -> None:
    assert {run(image) for image in images()} == {"ok"}
    assert {run(body) for body in bodies()} == {"ok"}


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_what_was_found_before_is_read_or_refused(path: Path) -> None:
    assert not run(path.read_bytes()).startswith("!")


def test_an_input_is_the_same_each_time() -> None:
    one, other = Inputs(3), Inputs(3)
    assert [one.make(i) for i in range(200)] == [other.make(i) for i in range(200)]


def test_an_exception_outside_the_tree_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: bytes) -> str:
        raise KeyError("unforeseen")

    monkeypatch.setattr(formats, "media_type", broken)
    assert run(b"any") == "!KeyError"


# Answers the first two of the inputs that it is asked for, then input 12 undoes it.
WORKER = """
import os, sys, time
first, end = int(sys.argv[2]), int(sys.argv[3])
for index in range(first, end):
    if index == 12:
        {}
    print(index, "ok", 5, flush=True)
print(1000)
"""


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("os.abort()", "!crash (SIGABRT)"),
        ("time.sleep(60)", "!hang"),
        ("os._exit(3)", "!crash (exit 3)"),
    ],
)
def test_a_crash_and_a_hang_are_findings_and_the_rest_goes_on(
    how: str, finding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign, "HANG_SECONDS", 10.0)
    watched = Campaign(1, worker=(sys.executable, "-c", WORKER.format(how)))
    watched.run(10, 5)
    assert watched.findings == {12: finding}
    assert watched.codes["ok"] == 4


def test_a_slow_input_is_a_finding() -> None:
    slow = Campaign(1, worker=(sys.executable, "-c", "print('0 ok 2500000')"))
    slow.run(0, 1)
    assert slow.findings == {0: "!slow"}


def test_a_worker_that_does_not_start_is_no_finding() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        Campaign(1, worker=(sys.executable, "-c", "raise SystemError('no such thing')")).run(0, 1)
