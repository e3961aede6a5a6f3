"""Freed memory stays with the process: no page faults for the second tensor of a size."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from training.allocator import keep_freed_memory

if sys.argv[1] == "kept":
    keep_freed_memory()

def faults(times):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(8_000_000)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults(1)
print(faults(10))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has mallopt")
def test_memory_is_reused_without_page_faults() -> None:
    kept, given_back = (
        int(
            subprocess.run(
                [sys.executable, "-c", PROGRAM, mode], capture_output=True, check=True
            ).stdout
        )
        for mode in ("kept", "given back")
    )
    assert kept < given_back / 10
