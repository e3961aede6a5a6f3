"""What a fit takes beside its embeddings: the function that trains has 3,008 MB."""

import subprocess
import sys
from typing import Final

SCRIPT: Final = """
import resource, sys
from dataclasses import replace
import numpy as np
from training.config import load_config
from training.instant.curve import accuracy_curve
from training.instant.fit import Embedded, fit_embedded

images, features, classes = int(sys.argv[1]), int(sys.argv[2]), 3
generator = np.random.default_rng(1)

def part(count):
    targets = np.arange(count) % classes
    drawn = generator.standard_normal((count, 2, features), np.float32)
    drawn[np.arange(count), :, targets] += 3
    return Embedded(drawn, targets, np.arange(count))

def peak():
    # On Linux in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

parts = {"train": part(images), "validation": part(500), "test": part(500)}
# Further penalties and folds take time, and no more memory.
probe, before = replace(load_config("instant").probe, penalties=(300.0,), folds=3), peak()
fitted = fit_embedded(parts, classes, probe, "none", 1)
accuracy_curve(parts, classes, probe, "none", 1, fitted)
print(peak() - before, parts["train"].embeddings.nbytes, peak())
"""


def test_a_fit_copies_no_embeddings_of_a_large_set() -> None:
    """Repeat it with 50000 images of 1280 features for the peak of a whole process."""
    command = [sys.executable, "-c", SCRIPT, "24000", "320"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    more, embeddings, _ = map(int, done.stdout.split())
    # What is cross-validated is copied, 5,000 images at most; never all of them.
    assert more < embeddings
