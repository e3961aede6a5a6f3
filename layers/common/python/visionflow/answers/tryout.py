"""Whether a version can serve: it is opened as a function opens it, and answers some images.

``python -m visionflow.answers.tryout FOLDER`` does so with the files of ``FOLDER`` and the manifest
from standard input, in a process that may take what a function has. It prints an `Outcome` as JSON.
`visionflow.models.trial` calls it.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from visionflow import strict
from visionflow.answers.caps import ANSWER_S, FUNCTION_MB, OPEN_S, within
from visionflow.answers.classifier import Classifier
from visionflow.errors import ArtifactError, ConfigError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pixels import UInt8Array
from visionflow.models.drift import REFERENCE_FILE, Reference
from visionflow.models.manifest import Manifest

if TYPE_CHECKING:
    from visionflow.models.trial import Outcome

# How much faster a version must be here than it has to be where it serves, which may be slower.
_FASTER = 2
# Of processor time, for all that the process does.
_PROCESSOR_S = 60


def open_version(
    folder: Path,
    manifest: Manifest,
    reference: Reference | None,
    threads: int = 1,
    memory_mb: int = FUNCTION_MB,
) -> Classifier:
    """The version in ``folder``, once it has answered a grey image.

    Raises `ArtifactError` for one that does not open or run under the caps of a function, and for
    stored embeddings or a reference that are those of another one.
    """
    work = partial(Classifier.of_artifact, folder, manifest, threads)
    try:
        classifier = within(OPEN_S, work, memory_mb=memory_mb)
    except (MemoryError, TimeoutError) as error:
        raise ArtifactError(f"the model cannot be opened ({error!r})") from error
    grey = np.full((manifest.input.size, manifest.input.size, 3), 128, np.uint8)
    features = answer(classifier, grey, memory_mb)
    if reference and reference.embedding.features != features:
        raise ArtifactError("the reference is of another model's embeddings")
    return classifier


def answer(classifier: Classifier, image: UInt8Array, memory_mb: int = FUNCTION_MB) -> int:
    """The number of features of the embedding of uint8 [H, W, 3], after a whole answer.

    Raises `ArtifactError` for a model that fails, or takes more than a function gives it.
    """
    work = partial(classifier.classify, image[None])
    try:
        (found,) = within(ANSWER_S, work, memory_mb=memory_mb, stop=classifier.stop)
    except ArtifactError:
        raise
    except Exception as error:
        # ONNX Runtime raises classes of its own, one for each of its status codes.
        raise ArtifactError(f"the model fails at an image ({error!r})") from error
    return len(found.embedding)


def images(spec: InputSpec) -> Iterator[UInt8Array]:
    """What differs most: noise twice, black, white, and images that are nearly all edge."""
    from PIL import Image  # noqa: PLC0415  of a trial alone

    from visionflow.images import pipeline  # noqa: PLC0415

    noise = np.random.default_rng(1).integers(0, 256, (spec.size, spec.size, 3), np.uint8)
    yield noise
    yield noise
    yield np.zeros_like(noise)
    yield np.full_like(noise, 255)
    for size in ((1, 1), (1, 2_000), (2_000, 1)):
        thin = Image.fromarray(np.resize(noise, (size[1], size[0], 3)))
        yield pipeline.prepare(pipeline.DecodedImage.of(thin), spec)


def try_out(folder: Path, manifest: Manifest) -> "Outcome":
    """Raises `ArtifactError` and `ConfigError`."""
    from visionflow.models.trial import Outcome  # noqa: PLC0415  as above

    for entry in manifest.served_files:
        entry.check((folder / entry.path).read_bytes())
    reference = None
    for entry in manifest.extra_files:
        if entry.path == REFERENCE_FILE:
            reference = Reference.parse((folder / entry.path).read_bytes())
    start = time.process_time()
    classifier = open_version(folder, manifest, reference)
    _require_faster("opened", start, OPEN_S)
    slowest = 0.0
    for image in images(manifest.input):
        start = time.process_time()
        answer(classifier, image)
        slowest = max(slowest, _require_faster("answered an image", start, ANSWER_S))
    peak_mb = _peak_mb()
    if peak_mb > FUNCTION_MB:
        raise ArtifactError(f"it takes {peak_mb:,.0f} MB, and a function has {FUNCTION_MB:,}")
    return Outcome(round(slowest * 1000, 1), round(peak_mb, 1), None)


def _peak_mb() -> float:
    """The most memory that this program had resident, in MiB.

    What `getrusage` says begins with what the parent had when it forked, and a publisher may be
    large. https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except FileNotFoundError:  # not Linux
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _require_faster(what: str, start: float, limit: float) -> float:
    """Seconds of processor time since ``start``, which are comparable on a busy machine."""
    took = time.process_time() - start
    if took > limit / _FASTER:
        raise ArtifactError(
            f"it {what} in {took:.1f} s of processor time, at most {limit / _FASTER:g} are allowed"
        )
    return took


def main() -> None:
    from visionflow.models.trial import Outcome  # noqa: PLC0415

    resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        outcome = try_out(Path(sys.argv[1]), Manifest.parse(sys.stdin.buffer.read()))
    except (ArtifactError, ConfigError, OSError) as error:
        outcome = Outcome(None, None, str(error))
    print(json.dumps(strict.to_dict(outcome)), flush=True)


if __name__ == "__main__":
    main()
    os._exit(0)  # without waiting for a graph that does not stop
