"""`visionflow data fetch`: datasets that torchvision downloads, as folders of classes.

torchvision's classes do the downloading, checking and unpacking; what they yield is written as
``train|val|test/<class>/<number>.png|jpg``, or without parts where the set has no official ones.
"""

import re
import shutil
import socket
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from training.data.sources.fetch_sources import SOURCES, Source
from training.data.sources.whole_folder import already_made, whole_folder
from training.errors import DatasetError
from training.texts.progress import Bar
from visionflow.images.formats import IMAGE_SUFFIXES

_ARCHIVES = frozenset({".gz", ".tgz", ".tar", ".zip", ".bz2", ".mat", ".data"})
_SECONDS_OF_SILENCE = 60
# RuntimeError: the checksum is wrong. URLError and time-outs are OSErrors.
_NO_DOWNLOAD = (OSError, RuntimeError)
_DAMAGED = (EOFError, tarfile.TarError, zipfile.BadZipFile, zlib.error)


def fetch(name: str, folder: Path) -> bool:
    """Download the dataset ``name`` into ``folder``, which is whole afterwards or not there.

    Returns False where the folder holds it already. Downloads are kept beside it until it is whole,
    so a second call continues from there. Raises `DatasetError` for a name that is not in
    `SOURCES`, a download that fails, and a folder that holds something else.
    """
    name = _known_name(name)
    if already_made(folder, {"name": name}):
        return False
    downloads = folder.with_name(f"{folder.name}.download")
    _keep_archives_only(downloads)
    try:
        with whole_folder(folder, {"name": name}) as partial:
            for part, arguments in SOURCES[name].parts.items():
                data = _open(name, SOURCES[name], downloads, arguments)
                _write(SOURCES[name], data, partial / part)
    finally:
        _keep_archives_only(downloads)
    shutil.rmtree(downloads, ignore_errors=True)
    return True


def _known_name(asked: str) -> str:
    """One of `SOURCES`, also as ``CIFAR-10`` or ``oxford pets``."""
    plain = re.sub(r"[\s_-]+", "", asked.lower())
    for name in SOURCES:
        if name.replace("_", "") == plain:
            return name
    raise DatasetError(f"{asked}: no such dataset; there are {', '.join(sorted(SOURCES))}")


def _open(name: str, source: Source, downloads: Path, arguments: dict[str, Any]) -> Any:
    """torchvision's dataset of one part, downloaded where it is not there yet."""
    from torchvision import datasets  # noqa: PLC0415

    downloads.mkdir(parents=True, exist_ok=True)
    try:
        with _impatient():
            return getattr(datasets, source.dataset)(str(downloads), download=True, **arguments)
    except ModuleNotFoundError as error:
        raise DatasetError(
            f"{name}: torchvision needs the package {error.name} to read it; install that first"
        ) from error
    except _DAMAGED as error:
        # torchvision has no checksums for a few archives and would use this one again and again.
        shutil.rmtree(downloads)
        raise DatasetError(
            f"{name}: what was downloaded is damaged ({error}) and was deleted; run this again"
        ) from error
    except _NO_DOWNLOAD as error:
        raise DatasetError(
            f"{name}: cannot be downloaded or unpacked ({error}). Check the network and the disk "
            "and run this again; what is complete is not downloaded twice."
        ) from error


def _write(source: Source, data: Any, folder: Path) -> None:
    labels = _folder_names(source.labels(data))
    count = len(data)
    digits = max(5, len(str(count)))
    bar = Bar(source.items(data), what="write", total=count, unit="images")
    for i, (image, target) in enumerate(bar):
        stem = folder / labels[target] / f"{i:0{digits}}"
        # Not for all labels at once: a part need not have an image of each.
        stem.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(image, Image.Image):
            image.save(stem.with_suffix(".png"))
        else:
            _copy(Path(image), stem)


def _copy(file: Path, stem: Path) -> None:
    """The file as it is, or as PNG where VisionFlow does not read its format."""
    suffix = file.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        with Image.open(file) as image:
            image.convert("RGB").save(stem.with_suffix(".png"))
        return
    target = stem.with_suffix(".jpg" if suffix == ".jpeg" else suffix)
    try:
        target.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, target)


def _folder_names(labels: Sequence[str]) -> list[str]:
    """Class names without characters that some system forbids in a folder's name."""
    names = [re.sub(r'[<>:"/\\|?*\s]+', " ", label).strip(" .") for label in labels]
    if len({name.lower() for name in names}) < len(names):
        names = [f"{i:03} {name}" for i, name in enumerate(names)]
    return names


def _keep_archives_only(downloads: Path) -> None:
    """Delete what an interrupted call unpacked: torchvision takes half a folder for a whole one.
    Archives stay: torchvision verifies their checksums before it uses them again.
    """
    everything = [downloads, *downloads.rglob("*")] if downloads.exists() else []
    for path in sorted(everything, reverse=True):
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.suffix.lower() not in _ARCHIVES:
            path.unlink()


@contextmanager
def _impatient() -> Iterator[None]:
    """Limit how long torchvision waits for a server that sends nothing; by default it waits
    forever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_OF_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
