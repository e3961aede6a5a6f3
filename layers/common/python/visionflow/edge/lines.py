"""What the runner says of an image: one line of JSON, with the same fields for each."""

import json
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TextIO

from visionflow import strict
from visionflow.answers.answer import Score, UnknownReason
from visionflow.edge.errors import EdgeError

# Of the end of a file: what may have been written before a kill.
_TAIL_BYTES = 4_000_000


@dataclass(frozen=True)
class Failure:
    """Why an image has no answer at all."""

    code: str
    message: str


@dataclass(frozen=True)
class Smoothed:
    """The answer over the last frames of a camera, which flickers less than that of one."""

    status: Literal["ok", "unknown"]
    label: str
    confidence: float


@dataclass(frozen=True)
class Line:
    """The answer to one image, or why there is none.

    ``file``: its path below the watched folder, or as it was given; None for a frame. ``made_at``:
    this device's clock, ISO 8601 in UTC. ``device_id``: made here, and the same in the cloud.
    ``milliseconds``: from bytes to answer.
    """

    file: str | None
    made_at: str
    device_id: str
    model: str
    status: Literal["ok", "unknown", "failed"]
    label: str | None
    confidence: float | None
    parents: tuple[str, ...]
    top_k: tuple[Score, ...]
    unknown_reason: UnknownReason | None
    familiarity: float | None
    width: int | None
    height: int | None
    milliseconds: float
    error: Failure | None
    smoothed: Smoothed | None = None

    def to_json(self) -> str:
        """Without a line break; ``smoothed`` only where it is."""
        document = strict.to_dict(self)
        if self.smoothed is None:
            del document["smoothed"]
        return json.dumps(document, ensure_ascii=False)


def record_of(line: dict[str, Any]) -> dict[str, Any]:
    """The device's record of a line that was answered, as ``POST /predictions`` takes it."""
    kept = (
        *("device_id", "made_at", "model", "status", "label", "confidence", "top_k"),
        *("unknown_reason", "familiarity", "width", "height", "milliseconds"),
    )
    filename = Path(line["file"]).name if line["file"] else None
    return {"origin": "edge", "filename": filename, **{name: line[name] for name in kept}}


def answer_of(line: dict[str, Any]) -> dict[str, Any]:
    """The device's answer that goes with an image to ``POST /predict``."""
    record = record_of(line)
    for name in ("filename", "width", "height", "milliseconds"):
        del record[name]
    return record


class LineFile:
    """Lines appended to a file, of which a kill leaves none half written or twice."""

    def __init__(self, path: Path) -> None:
        """Raises `EdgeError` where it cannot be written."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._tail = _cut_to_whole_lines(path)
            self._file: TextIO = path.open("a", encoding="utf-8")
        except OSError as error:
            raise EdgeError(f"{path}: {error.strerror or error}.", "file") from error

    def has(self, device_ids: Collection[str]) -> set[str]:
        """Which of these stand in the end of the file as it was when it was opened."""
        return {device_id for device_id in device_ids if device_id in self._tail}

    def write(self, lines: Sequence[str]) -> None:
        self._file.write("".join(f"{line}\n" for line in lines))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Printed:
    """Lines on a stream, such as stdout: who reads it keeps them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def has(self, device_ids: Collection[str]) -> set[str]:  # noqa: ARG002  nobody can know
        return set()

    def write(self, lines: Sequence[str]) -> None:
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()

    def close(self) -> None:
        """A stream is its owner's."""


def _cut_to_whole_lines(path: Path) -> str:
    """Cut off a last line that a kill left unfinished; returns the end of the file."""
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL_BYTES))
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        if len(whole) < len(tail):
            file.truncate(size - len(tail) + len(whole))
    return whole.decode("utf-8", "replace")
