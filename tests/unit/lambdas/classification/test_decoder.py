"""The wall that knows no formats: a decoder that hangs, eats memory or crashes ends alone."""

import ctypes
import hashlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest
from PIL import Image

from lambdas.classification import decoder as decoding
from lambdas.classification.decoder import Decode, Decoder, DecoderLimits
from tests.images import bad_files, encode, plain, textured
from visionflow.errors import (
    ImageError,
    ImageTooCostlyError,
    ImageTooLargeError,
    PlatformError,
    UnreadableImageError,
    VisionFlowError,
)
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage

SPEC = InputSpec(32, 36)
IMAGE = encode(textured((200, 150)))
OTHER = encode(plain("blue"))
HOSTILE = b"hostile"
LIMITS = DecoderLimits(memory=300_000_000, processor_s=0.3, wall_s=60.0)

Make = Callable[..., Decoder]


def stand_in(costly: Callable[[], object]) -> Decode:
    """A decoder that has a hole for `HOSTILE` and is fine otherwise."""

    def decode(data: bytes, spec: InputSpec) -> DecodedImage:
        if data == HOSTILE:
            costly()
        return pipeline.decode(data, spec)

    return decode


def compute() -> None:
    while True:
        pass


def eat() -> None:
    eaten = []
    while True:
        eaten.append(np.empty(10_000_000))


def crash() -> None:
    ctypes.string_at(0)


@pytest.fixture
def make() -> Iterator[Make]:
    with ExitStack() as stack:

        def started(decode: Decode = pipeline.decode, limits: DecoderLimits = LIMITS) -> Decoder:
            decoder = Decoder(limits, decode)
            stack.callback(decoder.close)
            return decoder

        yield started


def kill_children(pids: set[int]) -> None:
    """By multiprocessing, which counts a child that another one waited for as alive for ever."""
    for child in multiprocessing.active_children():
        if child.pid in pids:
            child.kill()
            child.join()


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


@pytest.mark.parametrize("data", [IMAGE, encode(textured(), "PNG"), encode(textured(), "HEIF")])
def test_a_child_sees_what_the_pipeline_sees(make: Make, data: bytes) -> None:
    image = pipeline.decode(data, SPEC)
    found = make().prepare(data, SPEC)
    assert found.size == image.size
    assert found.thumbnail == pipeline.thumbnail(image)
    np.testing.assert_array_equal(found.tensor, pipeline.prepare(image, SPEC))
    assert found.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.skipif(sys.platform != "linux", reason="a child that is spawned has imported nothing")
def test_the_first_image_does_not_wait_for_the_plugins_of_common_formats(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(_: bytes, __: InputSpec) -> DecodedImage:
        raise UnreadableImageError(f"preinit: {Image._initialized}")

    monkeypatch.setattr(Image, "_initialized", 0)  # as in a function, whose parent has no Pillow
    with pytest.raises(UnreadableImageError, match="preinit: 1"):
        make(decode=report).prepare(b"image", SPEC)


def test_who_needs_no_thumbnail_gets_none(make: Make) -> None:
    assert make().prepare(IMAGE, SPEC, thumbnail=0).thumbnail == b""


@pytest.mark.parametrize("name", bad_files())
def test_a_bad_file_is_refused_as_without_a_child(make: Make, name: str) -> None:
    data, code = bad_files()[name]
    decoder = make()
    with pytest.raises(ImageError) as refused:
        decoder.prepare(data, SPEC)
    with pytest.raises(ImageError) as direct:
        pipeline.decode(data, SPEC)
    assert (refused.value.code, str(refused.value)) == (code, str(direct.value))
    assert type(refused.value) is type(direct.value)
    before = children()
    assert decoder.prepare(IMAGE, SPEC).size == (200, 150)
    assert children() == before, "the same child goes on"


def test_more_bytes_than_any_image_has_are_not_sent(make: Make) -> None:
    with pytest.raises(ImageTooLargeError, match="bytes"):
        make().prepare(bytes(32_000_001), SPEC)


@pytest.mark.parametrize(
    ("costly", "reason"),
    [
        (compute, "processor time"),
        (eat, "300 MB of memory"),
        (crash, f"exit code -{signal.SIGSEGV:d}"),
        (os.abort, f"exit code -{signal.SIGABRT:d}"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), f"exit code -{signal.SIGKILL:d}"),
        (lambda: os._exit(0), "exit code 0"),
    ],
    ids=["computes", "eats", "segfault", "abort", "killed", "exits"],
)
def test_an_image_that_costs_too_much_is_refused_and_the_next_is_answered(
    make: Make, costly: Callable[[], object], reason: str
) -> None:
    decoder = make(stand_in(costly))
    for _ in range(2):
        assert decoder.prepare(IMAGE, SPEC).size == (200, 150)
        with pytest.raises(ImageTooCostlyError, match=reason):
            decoder.prepare(HOSTILE, SPEC)
    assert decoder.prepare(OTHER, SPEC).size == (40, 30)


@pytest.mark.parametrize("costly", [lambda: time.sleep(60), signal.pause])
def test_an_image_that_hangs_is_refused_and_the_next_is_answered(
    make: Make, costly: Callable[[], object]
) -> None:
    decoder = make(stand_in(costly), replace(LIMITS, wall_s=1.0))
    with pytest.raises(ImageTooCostlyError, match="within 1 s"):
        decoder.prepare(HOSTILE, SPEC)
    assert make().prepare(OTHER, SPEC).size == (40, 30)


def test_processor_time_counts_and_not_time(make: Make) -> None:
    """On a busy machine an innocent image waits, and is not refused for it."""
    decoder = make(stand_in(lambda: time.sleep(0.8)), LIMITS)
    with pytest.raises(VisionFlowError) as refused:
        decoder.prepare(HOSTILE, SPEC)
    assert refused.value.code == "image_unreadable", "it was decoded, after its time"


def test_processor_time_is_counted_for_each_image_alone(make: Make) -> None:
    def busy() -> None:
        start = time.process_time()
        while time.process_time() - start < LIMITS.processor_s * 0.6:
            pass

    decoder = make(stand_in(busy))
    for _ in range(4):
        with pytest.raises(VisionFlowError, match="accepted format"):
            decoder.prepare(HOSTILE, SPEC)


def test_what_an_image_left_behind_is_not_the_next_one_s_fault(make: Make) -> None:
    """A child whose memory was damaged, or used up, ends at an innocent image."""
    damaged = False

    def decode(data: bytes, spec: InputSpec) -> DecodedImage:
        nonlocal damaged  # in the child
        if damaged:
            crash()
        damaged = True
        return pipeline.decode(data, spec)

    decoder = make(decode)
    for _ in range(3):
        assert decoder.prepare(IMAGE, SPEC).size == (200, 150)


def test_a_child_that_ended_while_idle_is_replaced(make: Make) -> None:
    before = children()
    decoder = make()
    assert decoder.prepare(IMAGE, SPEC).size == (200, 150)
    (child,) = children() - before
    kill_children({child})
    assert decoder.prepare(IMAGE, SPEC).size == (200, 150)


def test_a_child_that_does_not_start_is_no_image_s_fault(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no limits here")

    monkeypatch.setattr(decoding, "_shut_in", broken)
    with pytest.raises(PlatformError, match="does not start"):
        make().prepare(IMAGE, SPEC)


def test_a_fault_of_the_code_is_not_called_the_image_s(make: Make) -> None:
    def broken() -> None:
        raise KeyError("unforeseen")

    decoder = make(stand_in(broken))
    with pytest.raises(VisionFlowError, match="unforeseen") as found:
        decoder.prepare(HOSTILE, SPEC)
    assert found.value.retryable
    assert decoder.prepare(IMAGE, SPEC).size == (200, 150)


def test_a_child_that_was_taken_over_cannot_talk_its_parent_into_anything(make: Make) -> None:
    """It has the socket and may write what it wants."""

    def taken_over() -> None:
        for number in range(3, 100):
            try:
                os.write(number, b"\xff" * 100)
            except OSError:
                continue

    with pytest.raises(ImageTooCostlyError):
        make(stand_in(taken_over)).prepare(HOSTILE, SPEC)


def test_threads_decode_side_by_side(make: Make) -> None:
    before = children()
    decoder = make(stand_in(lambda: time.sleep(1)))
    found: list[str] = []

    def ask() -> None:
        with pytest.raises(VisionFlowError) as refused:
            decoder.prepare(HOSTILE, SPEC)
        found.append(refused.value.code)

    threads = [Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["image_unreadable"] * 3
    assert len(children() - before) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="where children are forked")
def test_a_child_holds_nothing_that_its_parent_has_open(make: Make) -> None:
    reader, writer = os.pipe()
    before = children()
    decoder = make()
    decoder.prepare(IMAGE, SPEC)
    (child,) = children() - before
    assert len([*Path(f"/proc/{child}/fd").iterdir()]) == 4, "its socket beside the standard three"
    os.close(writer)
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_child_ends_with_its_parent(make: Make) -> None:
    before = children()
    decoder = make()
    decoder.prepare(IMAGE, SPEC)
    assert children() - before
    decoder.close()
    assert children() == before


def test_a_forked_process_has_a_child_of_its_own(make: Make) -> None:
    """Two that share a socket would get each other's answers."""
    decoder = make()
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        size = decoder.prepare(OTHER, SPEC).size
        os.write(writer, repr(size).encode())
        os._exit(0)
    assert decoder.prepare(IMAGE, SPEC).size == (200, 150)
    os.waitpid(process, 0)
    assert os.read(reader, 100) == b"(40, 30)"
    for end in (reader, writer):
        os.close(end)


def test_a_child_that_is_gone_before_its_first_image_is_replaced() -> None:
    decoder = Decoder()
    kill_children(children())
    assert decoder.prepare(encode(plain("red")), SPEC).size[0] > 0
    decoder.close()
