"""What was answered and what was sent, on disk, so that a kill or a power cut doubles nothing.

An image's id is made from this installation, its path, time and content. So an image whose row a
power cut took away gets the same id when it is answered again, and the cloud, which takes an id
once, has one record all the same.
"""

import hashlib
import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from visionflow.edge.errors import EdgeError
from visionflow.edge.folder import Found
from visionflow.edge.lines import Line

State = Literal["kept", "waiting", "sent", "refused"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS installation (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS images (
    number INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL UNIQUE,
    name TEXT, path TEXT, size INTEGER, mtime_ns INTEGER, sha256 TEXT NOT NULL,
    line TEXT, written INTEGER NOT NULL, state TEXT NOT NULL, with_image INTEGER NOT NULL,
    frame BLOB, error TEXT
);
CREATE UNIQUE INDEX IF NOT EXISTS by_file ON images (name, size, mtime_ns) WHERE name IS NOT NULL;
CREATE INDEX IF NOT EXISTS unwritten ON images (number) WHERE NOT written;
CREATE INDEX IF NOT EXISTS waiting ON images (with_image, number) WHERE state = 'waiting';
"""
# Frames that wait for a network; a record of what comes later goes without its image.
MAX_FRAME_BYTES = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Answered:
    """A line with its image: ``found`` where that is a file, ``data`` where it is a frame to send.

    ``state``: ``waiting`` where the cloud is to have it, else ``kept``.
    """

    line: Line
    sha256: str
    found: Found | None
    data: bytes | None
    state: State
    with_image: bool


@dataclass(frozen=True, eq=False)
class Waiting:
    """What is to be sent. ``path`` or ``frame`` has the image, where ``with_image``."""

    device_id: str
    line: dict[str, Any]
    sha256: str
    path: Path | None
    frame: bytes | None
    with_image: bool


class Journal:
    """One file of SQLite. Threads may share it; one runner at a time has it."""

    def __init__(self, path: Path | None) -> None:
        """Without a ``path`` it is kept in memory, for files that are classified once.

        Raises `EdgeError` for a file that is none, cannot be written, or is another runner's.
        """
        self._lock = threading.RLock()
        try:
            if path:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._rows = sqlite3.connect(
                path or ":memory:", timeout=0, isolation_level=None, check_same_thread=False
            )
            self._rows.execute("PRAGMA journal_mode = WAL")
            self._rows.execute("PRAGMA synchronous = NORMAL")
            self._rows.execute("PRAGMA locking_mode = EXCLUSIVE")
            with self._change():
                for statement in _SCHEMA.split(";"):
                    self._rows.execute(statement)
                self._own = self._installation()
        except (OSError, sqlite3.Error) as error:
            raise EdgeError(
                f"{path}: cannot be the runner's journal ({error}). Another runner may have it; "
                "name another file with --journal.",
                "journal",
            ) from error

    def _installation(self) -> str:
        row = self._rows.execute("SELECT id FROM installation").fetchone()
        if row:
            return str(row[0])
        made = uuid.uuid4().hex
        self._rows.execute("INSERT INTO installation VALUES (?)", (made,))
        return made

    def id_of(self, name: str, at: int, sha256: str) -> str:
        """The id of an image that was called ``name``, changed or taken ``at``."""
        text = "\n".join((self._own, name, str(at), sha256))
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]

    def knows(self, found: Found) -> bool:
        """Whether the file was answered as it is now."""
        query = "SELECT 1 FROM images WHERE name = ? AND size = ? AND mtime_ns = ?"
        with self._lock:
            row = self._rows.execute(query, (found.name, found.size, found.mtime_ns)).fetchone()
        return row is not None

    def add(self, answered: Sequence[Answered]) -> None:
        """Keep what was answered, before anybody is told of it. What is there already stays."""
        with self._change():
            for one in answered:
                found = one.found
                self._rows.execute(
                    "INSERT OR IGNORE INTO images (device_id, name, path, size, mtime_ns, sha256, "
                    "line, written, state, with_image, frame) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
                    (
                        one.line.device_id,
                        found and found.name,
                        found and os.fsencode(found.path.absolute()),
                        found and found.size,
                        found and found.mtime_ns,
                        one.sha256,
                        one.line.to_json(),
                        one.state,
                        one.with_image,
                        self._frame(one),
                    ),
                )

    def _frame(self, one: Answered) -> bytes | None:
        if one.found or not (one.with_image and one.data):
            return None
        query = "SELECT total(length(frame)) FROM images WHERE state = 'waiting' AND with_image"
        (kept,) = self._rows.execute(query).fetchone()
        return one.data if kept + len(one.data) <= MAX_FRAME_BYTES else None

    def unwritten(self, most: int) -> list[tuple[str, str]]:
        """Id and JSON of the first lines that nobody was told of."""
        query = "SELECT device_id, line FROM images WHERE NOT written ORDER BY number LIMIT ?"
        with self._lock:
            return self._rows.execute(query, (most,)).fetchall()

    def mark_written(self, device_ids: Sequence[str]) -> None:
        """A line that nobody waits for any more is not kept, and nothing of such a frame."""
        with self._change():
            self._rows.executemany(
                "UPDATE images SET written = 1, line = CASE state WHEN 'waiting' THEN line END "
                "WHERE device_id = ?",
                [(device_id,) for device_id in device_ids],
            )
            self._forget_frames(device_ids)

    def waiting(self, most: int, *, with_image: bool) -> list[Waiting]:
        """The oldest that are to be sent with their image, or without."""
        query = (
            "SELECT device_id, line, sha256, path, frame, with_image FROM images "
            "WHERE state = 'waiting' AND with_image = ? ORDER BY number LIMIT ?"
        )
        with self._lock:
            rows = self._rows.execute(query, (with_image, most)).fetchall()
        return [
            Waiting(row[0], json.loads(row[1]), row[2], _path(row[3]), row[4], row[5])
            for row in rows
        ]

    def without_image(self, device_id: str) -> None:
        """Send the record alone: the image is gone, has changed, or is too large."""
        with self._change():
            self._rows.execute(
                "UPDATE images SET with_image = 0, frame = NULL WHERE device_id = ?", (device_id,)
            )

    def settle(self, device_id: str, state: State, error: str | None = None) -> None:
        """What became of a record. A line that was written is not needed any more, and nothing of
        such a frame: no other has its id, and a camera goes on for years."""
        with self._change():
            self._rows.execute(
                "UPDATE images SET state = ?, error = ?, frame = NULL, "
                "line = CASE written WHEN 0 THEN line END WHERE device_id = ?",
                (state, error, device_id),
            )
            self._forget_frames([device_id])

    def _forget_frames(self, device_ids: Sequence[str]) -> None:
        self._rows.executemany(
            "DELETE FROM images WHERE device_id = ? AND name IS NULL AND written "
            "AND state <> 'waiting'",
            [(device_id,) for device_id in device_ids],
        )

    def counts(self) -> dict[State, int]:
        query = "SELECT state, count(*) FROM images GROUP BY state"
        with self._lock:
            found: dict[State, int] = dict(self._rows.execute(query).fetchall())
        return found

    def forget_gone(self) -> None:
        """Drop rows of files that are not there any more, once nothing waits."""
        query = "SELECT number, path FROM images WHERE written AND state <> 'waiting'"
        with self._lock:
            rows = self._rows.execute(query).fetchall()
        gone = [(number,) for number, path in rows if not os.path.exists(path)]  # noqa: PTH110
        with self._change():
            self._rows.executemany("DELETE FROM images WHERE number = ?", gone)

    def close(self) -> None:
        with self._lock:
            self._rows.close()

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction: whole, or not there."""
        with self._lock:
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._rows.execute("ROLLBACK")
                raise
            self._rows.execute("COMMIT")


def _path(stored: bytes | None) -> Path | None:
    return None if stored is None else Path(os.fsdecode(stored))
