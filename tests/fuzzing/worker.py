"""Runs damaged inputs one by one and prints each outcome; a crash ends only this process.

``python -m tests.fuzzing.worker SEED FIRST END CAP`` runs the inputs FIRST to END - 1 of SEED with
at most CAP bytes of address space more than at the start. It prints a line ``INDEX CODE
MICROSECONDS`` for each (processor time, which other load does not change), then its peak of
resident memory in bytes.
"""

import base64
import contextlib
import os
import random
import resource
import sys
import time
from pathlib import Path

from lambdas.predict.body import read_image
from tests.fuzzing import structures
from tests.fuzzing.mutations import mutate
from tests.fuzzing.seeds import Body, bodies, images
from visionflow.errors import InputError
from visionflow.images import formats, pipeline
from visionflow.images.input_spec import InputSpec

SPECS = (InputSpec(224, 256), InputSpec(32, 32, interpolation="bicubic"))
BODY_SHARE = 0.2
STRUCTURE_SHARE = 0.5


class Inputs:
    """Input number ``index`` of a seed is always the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._images = images()
        self._bodies = bodies()

    def make(self, index: int) -> bytes | Body:
        """A damaged image, one that is made to cost, or a damaged body."""
        rng = random.Random(f"{self._seed} {index}")
        if rng.random() >= BODY_SHARE:
            if rng.random() < STRUCTURE_SHARE:
                return structures.make(rng)
            return mutate(rng, rng.choice(self._images), self._images)
        body = rng.choice(self._bodies)
        others = [other.data for other in self._bodies]
        data, content_type = body.data, body.content_type
        if rng.random() < 0.8:
            data = mutate(rng, data, others)
        if rng.random() < 0.4:
            types = [other.content_type.encode() for other in self._bodies]
            content_type = mutate(rng, content_type.encode(), types).decode("latin-1")
        return Body(data, content_type)


def run(value: bytes | Body) -> str:
    """The outcome of an input: ``ok``, the code of an error that the sender can fix, or a finding.

    A finding begins with ``!`` and is an exception outside the error tree.
    """
    try:
        if isinstance(value, Body):
            read_image(base64.b64encode(value.data).decode(), True, value.content_type)
            with contextlib.suppress(InputError):
                read_image(value.data.decode("utf-8", "surrogateescape"), False, value.content_type)
        else:
            formats.media_type(value)
            spec = SPECS[len(value) % len(SPECS)]
            image = pipeline.decode(value, spec)
            pipeline.prepare(image, spec)
            pipeline.thumbnail(image)
    except InputError as error:
        return error.code
    except Exception as error:
        return f"!{type(error).__name__}"
    return "ok"


def peak_bytes() -> int:
    """Peak resident memory of this process (getrusage would include its parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def cap_memory(more: int) -> None:
    """Let this process map at most ``more`` bytes beyond what it has mapped."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, mapped + more))


def main() -> None:
    seed, first, end, cap = map(int, sys.argv[1:])
    inputs = Inputs(seed)
    cap_memory(cap)
    for index in range(first, end):
        value = inputs.make(index)
        start = time.process_time()
        code = run(value)
        elapsed = (time.process_time() - start) * 1e6
        os.write(1, f"{index} {code} {elapsed:.0f}\n".encode())
    os.write(1, f"{peak_bytes()}\n".encode())


if __name__ == "__main__":
    main()
