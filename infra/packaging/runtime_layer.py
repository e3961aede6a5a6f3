"""Builds the runtime layer (onnxruntime, numpy, pillow) without Docker.

Every pin in `layers/runtime/requirements.txt` has wheels for Lambda's Python on both architectures,
so the layer is an installation into a folder, less what a function never imports.

    python -m infra.packaging.runtime_layer --target host|x86_64|arm64
"""

import argparse
import hashlib
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, get_args

from uv import find_uv_bin

from infra.errors import CommandError
from infra.packaging import bytecode, shared_objects
from infra.packaging.bytecode import LAMBDA_PYTHON, LAYER_FOLDER, Compiler, compiler_for
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import BUILD_FOLDER, Package, write_zip
from infra.stages import LayerTarget

LOCK: Final = PROJECT / "layers" / "runtime" / "requirements.txt"

# Amazon Linux 2023 has glibc 2.34, so wheels for 2.28 run on it.
_PLATFORMS: Final = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}

# What no function imports. The Python module links ONNX Runtime statically; its shared library is
# there for programs in C. Of Pillow that is drawing text, of cffi all but the module that
# cryptography loads.
PRUNED: Final = (
    "bin/*",
    "*.pyi",
    "*/tests/*",
    "PIL/_imagingft.*",
    "pillow.libs/libbrotli*",
    "pillow.libs/libfreetype-*",
    "pillow.libs/libharfbuzz-*",
    "cffi/*",
    "numpy/_core/_*tests.*",
    "numpy/_core/_simd.*",
    "numpy/_core/include/*",
    "numpy/_core/lib/*",
    "numpy/distutils/*",
    "numpy/f2py/*",
    "onnxruntime/backend/*",
    "onnxruntime/capi/libonnxruntime.so.*",
    "onnxruntime/capi/libonnxruntime.*.dylib",
    "onnxruntime/datasets/*",
    "onnxruntime/quantization/*",
    "onnxruntime/tools/*",
    "onnxruntime/transformers/*",
)
# A package keeps its name, version and licences, nothing that its installer needed.
_DIST_INFO_KEPT: Final = ("METADATA", "licenses/*", "LICENSE*", "entry_points.txt")


@dataclass(frozen=True)
class Recipe:
    """What a layer is made of: ``pruned`` are patterns of files that nothing imports; ``source``
    is the module that says so; ``bytecode``: compile it, wherever the target's Python is found;
    ``detached`` are the libraries that `shared_objects.detach` removes."""

    name: str
    lock: Path
    pruned: tuple[str, ...]
    source: Path
    bytecode: bool = True
    detached: Mapping[str, str] = field(default_factory=dict)


# libheif links the encoder x265, and Pillow the client of an X server, for screenshots.
_NEVER_CALLED: Final = {"libx265-": "x265_", "libxcb-": "xcb_", "libXau-": "Xau"}
RUNTIME: Final = Recipe("runtime", LOCK, PRUNED, Path(__file__), detached=_NEVER_CALLED)
API: Final = Recipe("api", PROJECT / "layers" / "api" / "requirements.txt", PRUNED, Path(__file__))
TOKENS: Final = Recipe(
    "tokens", PROJECT / "layers" / "tokens" / "requirements.txt", PRUNED, Path(__file__)
)

PARQUET: Final = Recipe(
    "parquet", PROJECT / "layers" / "parquet" / "requirements.txt", PRUNED, Path(__file__)
)


@dataclass(frozen=True)
class _Target:
    """What the wheels are chosen for, and what compiles them, if anything shall."""

    name: LayerTarget
    install_arguments: tuple[str, ...]
    compiler: Compiler | None
    tag: str


def build_runtime_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what all functions share."""
    return build_layer(RUNTIME, target, into=into)


def build_api_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the function `api` needs beside that."""
    return build_layer(API, target, into=into)


def build_tokens_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the authorizer needs beside that."""
    return build_layer(TOKENS, target, into=into)


def build_parquet_layer(target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """`build_layer` of what the function `chunk` needs beside that."""
    return build_layer(PARQUET, target, into=into)


def build_layer(recipe: Recipe, target: LayerTarget, *, into: Path = BUILD_FOLDER) -> Package:
    """The layer for `target`, from the cache when its lock and its recipe have not changed.

    Raises `CommandError` when a wheel cannot be found, or does not match its hash.
    """
    chosen = _resolve(target, bytecode=recipe.bytecode)
    digest = hashlib.sha256()
    modules = (Path(__file__), Path(shared_objects.__file__), Path(bytecode.__file__))
    made_by = (recipe.lock, *modules, recipe.source)
    for part in (*(file.read_bytes() for file in made_by), chosen.tag.encode()):
        digest.update(hashlib.sha256(part).digest())
    name = f"{recipe.name}-{target}-{digest.hexdigest()[:16]}.zip"
    package = Package(into / name, digest.hexdigest())
    if not package.path.exists():
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into) as folder:
            site = Path(folder)
            _install(recipe, chosen, site)
            shared_objects.trim(site)
            shared_objects.detach(site, recipe.detached)
            if chosen.compiler:
                chosen.compiler.compile(site, seen_as=f"{LAYER_FOLDER}/python")
            write_zip(_layer_files(recipe, site), package.path)
    return package


def _resolve(target: LayerTarget, *, bytecode: bool) -> _Target:
    compiler = compiler_for(target) if bytecode else None
    compiled = compiler.tag if compiler else "source"
    if target == "host":
        tag = f"host-{platform.python_version()}-{sys.platform}-{platform.machine()}-{compiled}"
        return _Target(target, ("--python", sys.executable), compiler, tag)
    arguments = ("--python-version", LAMBDA_PYTHON, "--python-platform", _PLATFORMS[target])
    return _Target(target, arguments, compiler, f"{target}-{LAMBDA_PYTHON}-{compiled}")


def _install(recipe: Recipe, target: _Target, site: Path) -> None:
    command = [find_uv_bin(), "pip", "install", "--quiet", "--target", str(site)]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement"]
    result = subprocess.run(
        [*command, str(recipe.lock), *target.install_arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        reason = " ".join(result.stderr.split())
        raise CommandError(
            f"The {recipe.name} layer for {target.name} cannot be built: {reason[:500]}"
        )


def _layer_files(recipe: Recipe, site: Path) -> dict[str, Path]:
    return {
        f"python/{path}": file
        for file in sorted(site.rglob("*"))
        if file.is_file() and _belongs(recipe, path := file.relative_to(site).as_posix())
    }


def _belongs(recipe: Recipe, path: str) -> bool:
    first, _, rest = path.partition("/")
    if first.endswith(".dist-info"):
        return any(fnmatch(rest, kept) for kept in _DIST_INFO_KEPT)
    return not any(fnmatch(path, pruned) for pruned in recipe.pruned)


def main(recipe: Recipe = RUNTIME) -> None:
    """Build one layer and print its path and size."""
    parser = argparse.ArgumentParser(description=f"Build the {recipe.name} layer.")
    parser.add_argument("--target", choices=get_args(LayerTarget), default="host")
    package = build_layer(recipe, parser.parse_args().target)
    print(f"{package.path} {package.unzipped_bytes / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
