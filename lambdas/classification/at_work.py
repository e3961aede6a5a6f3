"""Which versions were at work when a process died.

A process that crashes, or that Lambda ends for its time or memory, cannot say which version it was
running. So it notes that beforehand, in a file that it locks: Lambda starts the next process in the
same container with the same /tmp, where a note without a lock is that of a dead one.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import os
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from visionflow.models.ref import ModelRef

# How many deaths refuse a version, and for how long they count: one may have had another cause.
DEATHS = 2
REMEMBERED_S = 600.0

_BUSY, _IDLE = b"!", b"."


class AtWork:
    """The note of one process about one version."""

    def __init__(self, folder: Path, model: ModelRef) -> None:
        place = _place(folder, model)
        place.mkdir(parents=True, exist_ok=True)
        self._file = os.open(place / token_hex(8), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        weakref.finalize(self, os.close, self._file)
        flock(self._file, LOCK_EX)

    @contextmanager
    def noted(self) -> Iterator[None]:
        os.pwrite(self._file, _BUSY, 0)
        try:
            yield
        finally:
            os.pwrite(self._file, _IDLE, 0)


def deaths(folder: Path, model: ModelRef) -> int:
    """How many processes died lately while the version was at work. Removes notes of no use."""
    found = 0
    for note, file in _of_the_dead(folder, model):
        with file:
            recent = time.time() - note.stat().st_mtime < REMEMBERED_S
            if file.read() == _BUSY and recent:
                found += 1
            else:
                note.unlink(missing_ok=True)
    return found


def forget_deaths(folder: Path, model: ModelRef) -> None:
    """The version answers, so whatever the processes before died of was something else."""
    for note, file in _of_the_dead(folder, model):
        with file:
            note.unlink(missing_ok=True)


def _of_the_dead(folder: Path, model: ModelRef) -> Iterator[tuple[Path, BinaryIO]]:
    """The notes whose processes do not live, open and locked."""
    for note in _place(folder, model).glob("*"):
        with suppress(FileNotFoundError, BlockingIOError):  # removed meanwhile; its process lives
            file = note.open("rb")
            try:
                flock(file, LOCK_EX | LOCK_NB)
            except BlockingIOError:
                file.close()
                raise
            yield note, file


def _place(folder: Path, model: ModelRef) -> Path:
    return folder / model.name / model.version
