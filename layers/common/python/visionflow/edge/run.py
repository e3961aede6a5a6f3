"""The two ways of the runner: files in folders, and the frames of a camera."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from visionflow.edge.answering import Answering
from visionflow.edge.camera import Camera, Frame
from visionflow.edge.folder import POLL_S, Found, WatchedFolder
from visionflow.edge.journal import Answered, Journal, State
from visionflow.edge.lines import Line, Smoothed
from visionflow.edge.threads import InOrder
from visionflow.errors import ImageError
from visionflow.images.limits import DEFAULT_LIMITS

SendImages = Literal["none", "uncertain", "all"]

# Lines are kept and written so many at a time, or after this time.
_BATCH, _BATCH_S = 32, 0.25
# The same unknown thing before the camera is recorded again after this time.
_AGAIN_S = 60.0
_TRUNCATED = "image_truncated"
# How often the journal of a watched folder loses its rows of files that are gone.
_FORGET_S = 3600.0


class Lines(Protocol):
    """Where lines go: `LineFile` or `Printed`."""

    def has(self, device_ids: list[str]) -> set[str]: ...
    def write(self, lines: list[str]) -> None: ...


@dataclass(frozen=True)
class Sync:
    """What the cloud is to have: every record where ``records``, and which images."""

    records: bool = False
    images: SendImages = "none"

    def of(self, line: Line) -> tuple[State, bool]:
        """The state of a new row, and whether its image is to be sent. An image that could not be
        read has no answer to record."""
        if not self.records or line.status == "failed":
            return "kept", False
        unsure = line.status == "unknown"
        return "waiting", self.images == "all" or (self.images == "uncertain" and unsure)


class Telling:
    """Keeps lines in the journal before anybody is told, and knows what was not told."""

    def __init__(self, journal: Journal, lines: Lines) -> None:
        self._journal, self._lines = journal, lines
        self._kept: list[Answered] = []
        self._since = 0.0
        self._tell(after_a_kill=True)

    def add(self, answered: Answered) -> None:
        if not self._kept:
            self._since = time.monotonic()
        self._kept.append(answered)
        if len(self._kept) >= _BATCH or time.monotonic() - self._since > _BATCH_S:
            self.flush()

    def flush(self) -> None:
        if self._kept:
            self._journal.add(self._kept)
            self._kept.clear()
            self._tell()

    def _tell(self, *, after_a_kill: bool = False) -> None:
        while unwritten := self._journal.unwritten(_BATCH):
            ids = [device_id for device_id, _ in unwritten]
            known = self._lines.has(ids) if after_a_kill else set()
            self._lines.write([line for device_id, line in unwritten if device_id not in known])
            self._journal.mark_written(ids)


class FileRun:
    """Answers files, each once."""

    def __init__(self, answering: Answering, journal: Journal, told: Telling, sync: Sync) -> None:
        self._answering, self._journal, self._told, self._sync = answering, journal, told, sync
        self._watched: WatchedFolder | None = None
        self.failed = 0

    def watch(self, watched: WatchedFolder, stop: threading.Event) -> None:
        """Until ``stop``."""
        self._watched = watched
        forgot = time.monotonic()
        with InOrder(self._answer) as threads:
            while not stop.is_set():
                if time.monotonic() - forgot >= _FORGET_S:
                    self._journal.forget_gone()
                    forgot = time.monotonic()
                self._take(threads, _until(stop, watched.finished()))
                stop.wait(POLL_S)

    def once(self, files: Iterable[Found], stop: threading.Event) -> None:
        with InOrder(self._answer) as threads:
            self._take(threads, _until(stop, files))

    def _take(self, threads: InOrder[Found, Answered], files: Iterable[Found]) -> None:
        for found in files:
            if not self._journal.knows(found):
                for answered in threads.add(found):
                    self._settle(answered)
        for answered in threads.rest():
            self._settle(answered)
        self._told.flush()

    def _settle(self, answered: Answered) -> None:
        line, found = answered.line, answered.found
        cut = line.error is not None and line.error.code == _TRUNCATED
        if cut and self._watched and found and self._watched.again(found):
            return
        self.failed += line.status == "failed"
        self._told.add(answered)

    def _answer(self, found: Found) -> Answered:
        try:
            # Before it is read, because memory is small.
            DEFAULT_LIMITS.check_bytes(found.size)
            data = found.path.read_bytes()
        except (OSError, ImageError) as error:
            device_id = self._journal.id_of(found.name, found.mtime_ns, "")
            line = self._answering.unread(error, device_id, found.name)
            return Answered(line, "", found, None, "kept", with_image=False)
        sha256 = hashlib.sha256(data).hexdigest()
        device_id = self._journal.id_of(found.name, found.mtime_ns, sha256)
        line = self._answering.still(data, device_id, found.name)
        state, with_image = self._sync.of(line)
        return Answered(line, sha256, found, None, state, with_image)


class CameraRun:
    """Answers the newest frame, again and again. A line is written when what is seen changes, and
    ``every`` so many seconds; the cloud gets a record when what is seen changes."""

    def __init__(
        self,
        answering: Answering,
        journal: Journal,
        told: Telling,
        sync: Sync,
        every: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal, self._told, self._sync, self._every = journal, told, sync, every
        self._frames = answering.frames()
        self._clock = clock
        self._said: Smoothed | None = None
        self._line_at = self._record_at = float("-inf")

    def watch(self, camera: Camera, stop: threading.Event) -> None:
        """Until ``stop``. Raises `EdgeError` where the camera fails."""
        for frame in camera.frames(stop):
            self.see(frame)
        self._told.flush()

    def see(self, frame: Frame) -> None:
        sha256 = hashlib.sha256(frame.data).hexdigest()
        device_id = self._journal.id_of("camera", time.time_ns(), sha256)
        line = self._frames.answer(frame.data, device_id, frame.at)
        now = self._clock()
        changed = self._changed(line.smoothed)
        if not changed and now - self._line_at < self._every:
            return
        self._line_at = now
        state, with_image = self._sync.of(line)
        if not changed and (line.status != "unknown" or now - self._record_at < _AGAIN_S):
            state, with_image = "kept", False
        if state == "waiting":
            self._record_at = now
        self._said = line.smoothed or self._said
        data = frame.data if with_image else None
        self._told.add(Answered(line, sha256, None, data, state, with_image))
        # A person may be looking.
        self._told.flush()

    def _changed(self, smoothed: Smoothed | None) -> bool:
        if smoothed is None:
            return False
        said = self._said
        return said is None or (said.status, said.label) != (smoothed.status, smoothed.label)


def _until(stop: threading.Event, files: Iterable[Found]) -> Iterator[Found]:
    for found in files:
        if stop.is_set():
            return
        yield found


def journal_of(folder: Path) -> Path:
    """Where the journal of a folder is, hidden from what looks for images."""
    return folder / ".visionflow-edge.db"
