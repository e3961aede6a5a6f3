"""Zip files for Lambda that depend on nothing but what is in them.

The same files give the same name, so an unchanged package is neither zipped again nor uploaded
again, and a deploy without changes has nothing to do.
"""

import hashlib
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from infra.errors import CommandError
from infra.packaging.bytecode import CODE_FOLDER, SOURCES, Compiler
from infra.packaging.workspace import PROJECT
from visionflow.whole_file import whole_file

BUILD_FOLDER = PROJECT / ".visionflow" / "build"
MOST_UNZIPPED: Final = 250 * 1024 * 1024
"""Bytes of a function's code and layers together.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip file can hold
# What programs outside of AWS read; no function does.
PROGRAMS = ("*visionflow/client/*", "*visionflow/edge/*")
_READ_ELSEWHERE = (
    "*.md",
    *PROGRAMS,
    "lambdas/api/*",
    "training/edge_export/*",
    "training/requirements.txt",
)
_COMPRESSION_LEVEL = 1  # most of it is machine code, which hardly gets smaller above this


@dataclass(frozen=True)
class Package:
    """A zip file and a digest of what it was made from, for CDK to name the asset by."""

    path: Path
    digest: str

    @property
    def unzipped_bytes(self) -> int:
        """Size as Lambda counts it against `MOST_UNZIPPED`."""
        with zipfile.ZipFile(self.path) as archive:
            return sum(entry.file_size for entry in archive.infolist())


def check_fits(packages: Sequence[Package], target: str) -> None:
    """Raise `CommandError` where the code and layers of one function, built for ``target``, are
    more than Lambda takes."""
    sizes = {package.path.stem: package.unzipped_bytes for package in packages}
    if (total := sum(sizes.values())) > MOST_UNZIPPED:
        parts = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items())
        raise CommandError(
            f"A function for {target} would have {total / 1e6:.1f} MB of code and layers, and "
            f"Lambda takes {MOST_UNZIPPED / 1e6:.1f} MB: {parts}. Leave more out of a layer, as "
            "infra/packaging/training_layer.py and runtime_layer.py do, or out of the code."
        )


def source_package(
    name: str,
    folder: Path,
    *,
    below: str,
    compiler: Compiler = SOURCES,
    seen_as: str = CODE_FOLDER,
    into: Path = BUILD_FOLDER,
    without: Sequence[str] = (),
) -> Package:
    """The files under `folder`, which appear under the path `below` in the zip file, and their
    bytecode by `compiler`; functions find the zip file's content in `seen_as`. What a pattern of
    ``without`` matches stays out.

    Bytecode caches of the checkout stay out: they differ from machine to machine.
    """
    files = {path: file for path, file in _below(below, folder) if not _left_out(path, without)}
    return _package(name, files, into, compiler, seen_as)


def training_bundle(project: Path, *, into: Path = BUILD_FOLDER) -> Package:
    """What a training machine runs: `training`, `visionflow`, the starter, whose embeddings images
    are compared by, and the locked requirements."""
    layers = project / "layers"
    files = {
        **dict(_below("training", project / "training")),
        **dict(_below("visionflow", layers / "common" / "python" / "visionflow")),
        **dict(_below("visionflow_starter", layers / "starter" / "python" / "visionflow_starter")),
        "requirements.txt": project / "training" / "requirements.txt",
    }
    return _package("training", files, into)


def instant_package(project: Path, *, into: Path = BUILD_FOLDER) -> Package:
    """What the function that trains runs: `lambdas`, `training`, `visionflow` and the starter,
    without what is only read elsewhere: a function may have 250 MB."""
    layers = project / "layers"
    starter = layers / "starter" / "python" / "visionflow_starter"
    files = {
        **dict(_below("lambdas", project / "lambdas")),
        **dict(_below("training", project / "training")),
        **dict(_below("visionflow", layers / "common" / "python" / "visionflow")),
        **dict(_below("visionflow_starter", starter)),
    }
    kept = {path: file for path, file in files.items() if not _left_out(path, _READ_ELSEWHERE)}
    return _package("instant", kept, into)


def _left_out(path: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(path, pattern) for pattern in patterns)


def _below(path: str, folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield f"{path}/{file.relative_to(folder).as_posix()}", file


def _package(
    name: str,
    files: Mapping[str, Path],
    into: Path,
    compiler: Compiler = SOURCES,
    seen_as: str = CODE_FOLDER,
) -> Package:
    digest = hashlib.sha256(f"{compiler.tag} {seen_as}\0".encode())
    for path, file in files.items():
        digest.update(f"{path}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\0".encode())
    package = Package(into / f"{name}-{digest.hexdigest()[:16]}.zip", digest.hexdigest())
    if not package.path.exists():
        into.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=into) as scratch:
            write_zip({**files, **_bytecode(files, Path(scratch), compiler, seen_as)}, package.path)
    return package


def _bytecode(
    files: Mapping[str, Path], scratch: Path, compiler: Compiler, seen_as: str
) -> dict[str, Path]:
    """What `compiler` makes of the modules among ``files``, below ``scratch``."""
    if compiler.interpreter is None:
        return {}
    for path, file in files.items():
        if path.endswith(".py"):
            (scratch / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, scratch / path)
    compiler.compile(scratch, seen_as=seen_as)
    return {path.relative_to(scratch).as_posix(): path for path in scratch.rglob("*.pyc")}


def write_zip(files: Mapping[str, Path], target: Path) -> None:
    """Write `files` (path in the zip file -> file on disk) with fixed times, order and modes.

    The file gets its name only when it is complete.
    """
    with (
        # Two deployments of one checkout may build it at once.
        whole_file(target, shared=True) as partial,
        zipfile.ZipFile(
            partial, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION_LEVEL
        ) as archive,
    ):
        for path, file in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
