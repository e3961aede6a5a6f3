"""Builds the layer of the function that trains (SciPy, scikit-learn, ONNX, matplotlib), in place
of the runtime layer: a function and its layers may have 250 MB.

    python -m infra.packaging.training_layer --target host|x86_64|arm64
"""

from pathlib import Path
from typing import Final

from infra.packaging.runtime_layer import PRUNED, Recipe, build_layer, main
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
# Sources of compiled modules, which wheels bring along.
_SOURCES: Final = (
    "*.c",
    "*.cc",
    "*.cpp",
    "*.h",
    "*.hpp",
    "*.proto",
    "*.pxd",
    "*.pxi",
    "*.pyx",
    "*.tp",
)
# What NumPy brings under the same names, and has loaded before SciPy is: OpenBLAS's libraries.
_TWICE: Final = ("scipy.libs/libgfortran-*-*", "scipy.libs/libquadmath-*-*")
# What an instant training never opens, found by tracing one from images of every format to the
# report. tests/infra/test_training_layer.py trains from what is left.
_UNOPENED: Final = {
    "dateutil": ("zoneinfo/*",),
    "fontTools": ("[!m]*/*", "m[!i]*/*", "misc/[!_lt]*", "fontBuilder.py"),
    "google/protobuf": ("*_pb2.py",),
    "matplotlib": (
        "_qhull.*",
        "_tri.*",
        "animation.py",
        "backends/_tkagg.*",
        "backends/backend_[!a]*",
        "backends/qt_editor/*",
        "backends/web_backend/*",
        "mpl-data/fonts/afm/*",
        "mpl-data/fonts/pdfcorefonts/*",
        "mpl-data/fonts/ttf/DejaVuSans-*Oblique*",
        "mpl-data/fonts/ttf/DejaVuSansMono*",
        "mpl-data/fonts/ttf/DejaVuSerif*",
        "mpl-data/fonts/ttf/STIX*",
        "mpl-data/fonts/ttf/cm*",
        "mpl-data/images/*",
        "mpl-data/sample_data/*",
        "mpl-data/stylelib/*",
        "pyplot.py",
        "sphinxext/*",
        "testing/*",
    ),
    "mpl_toolkits": ("axes_grid1/*", "axisartist/*"),
    "narwhals": (
        "_arrow/*",
        "_dask/*",
        "_duckdb/*",
        "_ibis/*",
        "_pandas_like/*",
        "_polars/*",
        "_spark_like/*",
        "_sql/*",
    ),
    "numpy": ("_core/_*tests.*", "_core/_simd.*", "f2py/src/*", "random/lib/*"),
    "PIL": ("_imagingmath.*", "_imagingmorph.*", "_imagingtk.*"),
    "onnx": ("backend/test/*", "fuzz/*", "reference/ops/*", "tools/*"),
    "onnxruntime": (
        "quantization/execution_providers/*",
        "quantization/matmul_*",
        "quantization/neural_compressor/*",
        "transformers/benchmark*",
        "transformers/convert_*",
        "transformers/fusion_[!u]*",
        "transformers/models/*",
        "transformers/onnx_model_*",
    ),
    "packaging": ("[!_v]*",),
    "scipy": (
        "_external/array_api_compat/[!_cn]*/*",
        "_external/array_api_compat/cupy/*",
        "_external/cobyqa/*",
        "_external/pyprima/*",
        "datasets/*",
        "differentiate/*",
        "fftpack/*",
        "io/*",
        "ndimage/_cytest.*",
        "odr/*",
        "optimize/cython_optimize/*",
        "signal/*",
        "special/_add_newdocs.py",
        "special/_precompute/*",
        "special/_test_internal.*",
        "stats/_sobol_direction_numbers.npz",
        "stats/_unuran/*",
    ),
    "sklearn": (
        "cluster/*",
        "compose/*",
        "cross_decomposition/*",
        "calibration.py",
        "datasets/*.py",
        "datasets/*.so",
        "datasets/data/[!d]*",
        "datasets/descr/*",
        "datasets/images/*",
        "ensemble/*",
        "externals/array_api_compat/[!_cn]*/*",
        "externals/array_api_compat/cupy/*",
        "feature_extraction/*",
        "feature_selection/*",
        "gaussian_process/*",
        "impute/*",
        "inspection/*",
        "mixture/*",
        "neural_network/*",
        "semi_supervised/*",
        "svm/src/*",
        "utils/_fast_dict.*",
        "utils/_test_common/*",
        "utils/_testing.py",
        "utils/estimator_checks.py",
    ),
    "tqdm": ("contrib/*",),
}
TRAINING: Final = Recipe(
    "training",
    PROJECT / "layers" / "training" / "requirements.txt",
    (
        *(pattern for pattern in PRUNED if pattern not in _IMPORTED),
        *_SOURCES,
        *_TWICE,
        "share/*",
        "*/test/*",
        *(f"{package}/{part}" for package, parts in _UNOPENED.items() for part in parts),
    ),
    Path(__file__),
    # There is no room for it, and a training takes longer than to compile what it imports.
    bytecode=False,
)


def build_training_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the function that trains imports."""
    return build_layer(TRAINING, target, into=into)


if __name__ == "__main__":
    main(TRAINING)
