"""The same answers on a processor with AVX2 alone, which is all that Lambda promises on x86.

``python -m tests.benchmarks.instruction_sets QEMU`` runs int8 models in an emulator, for example
qemu-x86_64-static of Debian's qemu-user-static, that has no AVX-512 and no VNNI, and compares the
logits with those of this machine. ONNX Runtime has no setting that limits its instructions, so the
speed without VNNI is not known: an emulator says nothing about it.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from infra.packaging.workspace import PROJECT
from tests.benchmarks import readme
from tests.benchmarks.contenders.networks import timed
from tests.benchmarks.contenders.worker import starter_manifest
from tests.benchmarks.figures import FOLDER, Figure, ResultFile, Run, Target, figure
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow_starter import STARTER

PROCESSOR = "Haswell-v4"
PHOTOS = sorted((PROJECT / "infra" / "samples").glob("*.jpg"))
NETWORKS = ("ResNet-50",)

FloatArray = npt.NDArray[np.float32]

# Run by either processor: graph, images and the logits' file are its arguments.
ANSWER = """
import sys
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, ["CPUExecutionProvider"])
images = np.load(sys.argv[2])
answers = [session.run(["logits"], {"image": image[None]})[0] for image in images]
np.save(sys.argv[3], np.concatenate(answers))
"""


def logits(
    model: Path, images: npt.NDArray[np.uint8], emulator: tuple[str, ...] = ()
) -> FloatArray:
    """[N, C] of images [N, size, size, 3]."""
    with tempfile.TemporaryDirectory() as folder:
        given, answers = Path(folder, "images.npy"), Path(folder, "logits.npy")
        np.save(given, images)
        # An emulator opens a program by its path, so it does not see the virtual environment.
        program = (os.path.realpath(sys.executable), "-c", ANSWER)
        command = [*emulator, *program, str(model), str(given), str(answers)]
        packages = os.pathsep.join(path for path in sys.path if path)
        subprocess.run(
            command,
            check=True,
            env=os.environ | {"PYTHONPATH": packages},
            stderr=subprocess.DEVNULL if emulator else None,
        )
        found: FloatArray = np.load(answers)
        return found


def figures(emulator: tuple[str, ...]) -> tuple[Figure, ...]:
    models = {"the starter": STARTER / starter_manifest().served_file.path}
    models |= {name: timed(name).file("int8") for name in NETWORKS}
    spec = InputSpec(224, 256)
    images = np.stack([pipeline.load(photo.read_bytes(), spec) for photo in PHOTOS])
    found = []
    for name, model in models.items():
        here, there = logits(model, images), logits(model, images, emulator)
        what = f"{name}, int8: largest difference of a logit, AVX2 alone against this machine"
        n = f"{len(images)} photos, {here.shape[1]:,} logits each"
        note = f"emulated {PROCESSOR}: no AVX-512, no VNNI; 7-bit weights"
        values = {"difference": float(np.abs(here - there).max()), "deviation": float(here.std())}
        target = Target("at most", 0.001)
        found.append(figure("robustness", what, values, "", target=target, n=n, note=note))
    return tuple(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("qemu", type=Path, help="a user-mode emulator of x86_64")
    qemu = parser.parse_args().qemu
    load, _, _ = os.getloadavg()
    found = figures((str(qemu), "-cpu", PROCESSOR))
    run = Run.now("python -m tests.benchmarks.instruction_sets QEMU", found, load)
    ResultFile((run,)).write(FOLDER / "instruction_sets.json")
    return readme.main([])


if __name__ == "__main__":
    sys.exit(main())
