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

# Pruned from the runtime layer, and imported here: by SciPy, by ONNX Runtime's quantization, and by
# matplotlib.
_IMPORTED: Final = (
    "PIL/_imagingft.*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "numpy/f2py/*",
    "onnxruntime/quantization/*",
    "onnxruntime/transformers/*",
)
# What an instant training never imports.
_PRUNED: Final = (
    "share/*",
    "*/test/*",
    "*.pxd",
    "*.pyx",
    "*.pyx.tp",
    "*.h",
    "*.hpp",
    "fontTools/*/*.so",
    "fontTools/feaLib/*",
    "fontTools/otlLib/*",
    "fontTools/subset/*",
    "fontTools/ufoLib/*",
    "fontTools/varLib/*",
    "matplotlib/backends/qt_editor/*",
    "matplotlib/backends/web_backend/*",
    "matplotlib/mpl-data/fonts/afm/*",
    "matplotlib/mpl-data/fonts/pdfcorefonts/*",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSansMono*",
    "matplotlib/mpl-data/fonts/ttf/DejaVuSerif*",
    "matplotlib/mpl-data/fonts/ttf/STIX*",
    "matplotlib/mpl-data/fonts/ttf/cm*",
    "matplotlib/mpl-data/images/*",
    "matplotlib/mpl-data/sample_data/*",
    "onnx/backend/test/*",
    "onnxruntime/transformers/models/*",
    "sklearn/datasets/images/*",
    "sklearn/ensemble/*.so",
    "sklearn/cluster/_hdbscan/*.so",
)
TRAINING: Final = Recipe(
    "training",
    PROJECT / "layers" / "training" / "requirements.txt",
    (*(pattern for pattern in PRUNED if pattern not in _IMPORTED), *_PRUNED),
    Path(__file__),
)


def build_training_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the function that trains imports."""
    return build_layer(TRAINING, target, into=into)
