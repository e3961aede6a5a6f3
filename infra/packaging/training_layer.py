"""Builds the layer of the function that trains (SciPy, scikit-learn, ONNX, matplotlib), in place
of the runtime layer: a function and its layers may have 250 MB.

    python -m infra.packaging.training_layer --target host|x86_64|arm64
"""

from pathlib import Path
from typing import Final

from infra.packaging.runtime_layer import PRUNED, Recipe, build_layer
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import BUILD_FOLDER, Package
from infra.stages import LayerTarget

# What an instant training never imports. What scikit-learn and SciPy import by themselves stays.
TRAINING: Final = Recipe(
    "training",
    PROJECT / "layers" / "training" / "requirements.txt",
    (
        *PRUNED,
        "share/*",
        "*/test/*",
        "*.pxd",
        "*.pyx",
        "*.pyx.tp",
        "*.h",
        "*.hpp",
    ),
    Path(__file__),
)


def build_training_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the function that trains imports."""
    return build_layer(TRAINING, target, into=into)
