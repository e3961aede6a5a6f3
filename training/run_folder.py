"""The folder of a run: one command at a time writes into it, and what is finished stays as it
is."""

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from training.data.grouping.saved_groups import GROUPS_FILE
from training.data.own_images import read_own_images
from training.data.training_data import TrainingData
from training.errors import TrainingError
from training.export.artifact import REPORT_FILE
from training.fit.changes import images_changed, settings_changed
from training.results.report import Report
from training.texts.terminal import say
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.manifest import read_artifact

LOCK_FILE = ".run.lock"
# Of a config, what leaves the artifact as it is.
_WITHOUT_INFLUENCE = ("mlflow", "tune")
_OF_DATA = ("workers", "skip_unreadable")

_held: set[TextIO] = set()
_mine: ContextVar[frozenset[Path]] = ContextVar("_mine", default=frozenset())


def path_or_none(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


@contextmanager
def only_writer(out: Path) -> Iterator[None]:
    """Make ``out`` and keep every other command from writing into it.

    The kernel lets go when the process ends, however it ends. Inside, the same folder again is
    nothing more. A command that writes nothing leaves no folder. Raises `TrainingError` at once
    where another one writes, and where the folder takes no files.
    """
    place, is_new = out.resolve(), not out.exists()
    if place in _mine.get():
        yield
        return
    with _locked(out) as file:
        _held.add(file)
        token = _mine.set(_mine.get() | {place})
        try:
            yield
        finally:
            _mine.reset(token)
            _held.discard(file)
            if [file.name for file in out.iterdir()] == [LOCK_FILE]:
                # While it is locked: whoever waits for this file sees that it is gone.
                (out / LOCK_FILE).unlink()
                if is_new:
                    with suppress(OSError):
                        out.rmdir()


def _locked(out: Path) -> TextIO:
    """The locked file of the folder, which is made."""
    while True:
        try:
            out.mkdir(parents=True, exist_ok=True)
            # Not emptied: it says who writes.
            file = (out / LOCK_FILE).open("a+", encoding="utf-8")
        except FileNotFoundError:
            continue  # removed by another command in between
        except OSError as error:
            raise TrainingError(
                f"{out}: nothing can be written into this folder ({error.strerror}); choose "
                "another one with --out."
            ) from error
        try:
            _lock(file, out)
        except TrainingError:
            file.close()
            raise
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # the command before removed it


def _lock(file: TextIO, out: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        raise TrainingError(
            f"{out}: another command is writing into this folder (process "
            f"{file.read(20).strip() or 'unknown'}); wait for it, or choose another folder with "
            "--out."
        ) from None
    except OSError as error:
        raise TrainingError(
            f"{out}: this file system has no locks ({error.strerror}); choose a folder on another "
            "one with --out."
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()


def _let_go() -> None:
    """A forked worker may outlive its killed parent: it must not keep the folder locked."""
    for file in _held:
        os.close(file.fileno())
    _held.clear()


os.register_at_fork(after_in_child=_let_go)


def finished_run(
    out: Path, config: Mapping[str, Any], images: Callable[[Path], TrainingData]
) -> Report | None:
    """The report of the artifact in ``out``, which is whole and was made by ``config`` of
    ``images``; None where there is none.

    ``config``: compared in those fields that the report has too. ``images``: gets a folder to work
    in, with the groups of ``out``. Raises `TrainingError` where the artifact was made by another
    config or of other images: it is never written over.
    """
    report = read_finished(out)
    if report is None:
        return None
    changes = settings_changed(*_in_both(report.config, config))
    if not changes:
        with TemporaryDirectory() as folder:
            if (groups := out / GROUPS_FILE).exists():
                shutil.copy(groups, folder)
            changes = _other_images(out, report, images(Path(folder)))
    if changes:
        raise TrainingError(
            f"{out} holds the finished {report.name} {report.version}, which stays as it is, and "
            f"this one would differ: {'; '.join(changes)}. Choose another folder with --out."
        )
    return report


def read_finished(out: Path) -> Report | None:
    """The report of the artifact in ``out`` where all its files are whole."""
    try:
        read_artifact(out)
        return Report.parse((out / REPORT_FILE).read_bytes())
    except (ArtifactError, ConfigError, OSError):
        return None


def dataset_of(run: Path, option: str) -> Path:
    """The folder of images that ``run`` was made of. Raises `TrainingError` where it is not known
    or gone: ``option`` names another."""
    if not run.is_dir():
        raise TrainingError(f"{run}: no such folder; name that of a trained run.")
    own = read_own_images(run)
    if own is None or own.dataset is None:
        raise TrainingError(f"{run} does not say where its images are; name them with {option}.")
    if not own.dataset.exists():
        raise TrainingError(
            f"{own.dataset}: the images of {run} are there no more; name them with {option}."
        )
    return own.dataset


def say_finished(out: Path) -> None:
    say(f"{out}: already finished; nothing was written.", file=sys.stderr)


def _in_both(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that both have: a run of an earlier version lacks some."""
    kept: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for name in before.keys() & now.keys() - {*_WITHOUT_INFLUENCE}:
        old, new = before[name], now[name]
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            old, new = _in_both(old, new)
            if name == "data":
                old, new = (
                    {field: side[field] for field in side if field not in _OF_DATA}
                    for side in (old, new)
                )
        kept[0][name], kept[1][name] = old, new
    return kept


def _other_images(out: Path, report: Report, images: TrainingData) -> list[str]:
    splits = images.splits
    if images.labels == report.data.labels and all(
        part.sha256 == getattr(report.data, name).sha256 for name, part in splits.parts.items()
    ):
        return []
    found = images_changed(out, splits, tuple(splits.parts))
    return found or ["the images are others, or in another order"]
