"""All that one NVIDIA GPU is needed for, in at most eight minutes.

python -m tests.gpu DATA     # DATA has train/ and test/ of CIFAR-10 as JPEG files

Runs the tests beside this file, then measures; writes ``results/gpu_training.json``.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from tests.benchmarks import readme
from tests.benchmarks.figures import FOLDER, ResultFile, Run
from tests.gpu.measure import GPU, measured

LIMIT_SECONDS = 8 * 60


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gpu", description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    if not torch.cuda.is_available():
        parser.error("torch sees no GPU here")
    start, (load, _, _) = time.perf_counter(), os.getloadavg()
    failed = pytest.main(["-q", "-p", "no:cacheprovider", str(Path(__file__).parent)])
    with tempfile.TemporaryDirectory() as out:
        figures = measured(data, Path(out), GPU)
    run = Run.now("python -m tests.gpu DATA", figures, load)
    ResultFile((run,)).write(FOLDER / "gpu_training.json")
    readme.main([])
    for one in figures:
        print(f"{one.what}: {readme.values(one)} {readme.target(one) or ''}")
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s of at most {LIMIT_SECONDS}")
    missed = any(one.target and not one.target.reached(one.first) for one in figures)
    return int(bool(failed) or missed or seconds > LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
