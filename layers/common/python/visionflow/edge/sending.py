"""Sends what waits in the journal, each record exactly once, whenever there is a network.

The cloud knows a record by the id that was made here. So what was sent and not marked, because of a
kill or a lost answer, is sent again and is `known`.
"""

import base64
import hashlib
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from visionflow.edge.errors import EdgeError
from visionflow.edge.journal import Journal, State, Waiting
from visionflow.edge.lines import answer_of, record_of
from visionflow.images.uploads import MAX_DIRECT_BYTES

if TYPE_CHECKING:
    from visionflow.client.connection import Connection
    from visionflow.client.errors import ApiError

BATCH = 25
# Between two looks at the journal, and after the first failure; each further one doubles it.
_IDLE_S, _PAUSE_S, _LONGEST_PAUSE_S = 1.0, 2.0, 300.0
# The API may name the first of the next month; a quota can be raised before.
_LONGEST_WAIT_S = 3600.0
# The id is taken by a record of ours: the image was answered again after a power cut, at another
# time, or somebody has erased the record since.
_RECORDED = "idempotency_conflict"
_STATES: dict[str, State] = {"recorded": "sent", "known": "sent", "refused": "refused"}

Say = Callable[[str], object]


def connect(url: str, key: str | None) -> "Connection":
    """The API of a stage; without a ``key`` that of the environment. Raises `ApiError`, and
    `EdgeError` where urllib3 is missing."""
    try:
        from visionflow.client import VisionFlow  # noqa: PLC0415  of those who send
    except ModuleNotFoundError as error:
        raise EdgeError(
            f"Sending records takes {error.name}; 'pip install {error.name}' installs it.",
            "not_installed",
        ) from error
    return VisionFlow(url, key).connection


class Sender:
    """A thread that sends. ``say`` is told once of each new problem, and of its end."""

    def __init__(self, journal: Journal, connection: "Connection", say: Say) -> None:
        self._journal, self._connection, self._say = journal, connection, say
        self._stop, self._wake = threading.Event(), threading.Event()
        self._problem: str | None = None
        self._failures = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def finish(self, seconds: float) -> None:
        """Send what waits, unless that fails or takes longer; then end the thread."""
        self._stop.set()
        self._wake.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        try:
            self._send_until_stopped()
        except sqlite3.Error as error:
            # Closed by a runner that does not wait for a network any longer; or a full disk, which
            # ends the runner too.
            if not self._stop.is_set():
                self._say(f"Nothing is sent any more: the journal fails ({error}).")

    def _send_until_stopped(self) -> None:
        while True:
            last = self._stop.is_set()
            more, pause = self.send_some()
            if more:
                continue
            if last:
                return
            self._wake.wait(pause)
            self._wake.clear()

    def send_some(self) -> tuple[bool, float]:
        """Send one batch. Returns whether there may be more at once, and else for how many seconds
        to wait."""
        from visionflow.client.errors import ApiError  # noqa: PLC0415

        try:
            if records := self._journal.waiting(BATCH, with_image=False):
                if not self._send_records(records):
                    return False, self._wait("the API says nothing of what was sent.", None)
            elif images := self._journal.waiting(1, with_image=True):
                self._send_image(images[0])
            else:
                return False, _IDLE_S
        except ApiError as error:
            return False, self._wait(str(error), error.retry_after)
        self._failures = 0
        if self._problem:
            self._problem = None
            self._say("Records are sent again.")
        return True, 0.0

    def _wait(self, problem: str, retry_after: float | None) -> float:
        """For how many seconds."""
        if problem != self._problem:
            self._problem = problem
            self._say(f"Records wait: {problem}")
        self._failures += 1
        # Bounded, because a device may be offline for so many failures that no number holds it.
        pause = min(_LONGEST_PAUSE_S, _PAUSE_S * 2 ** min(self._failures - 1, 16))
        return pause if retry_after is None else min(max(retry_after, _PAUSE_S), _LONGEST_WAIT_S)

    def _send_records(self, waiting: list[Waiting]) -> bool:
        """Whether anything became of one of them."""
        body = {"records": [record_of(one.line) for one in waiting]}
        answer = self._post("/predictions", body)
        outcomes = {item.get("device_id"): item for item in answer.get("items", ())}
        settled = False
        for one in waiting:
            # A server that leaves a record out has not got it.
            item: dict[str, Any] = outcomes.get(one.device_id, {})
            error = item.get("error") or {}
            if error.get("code") == _RECORDED:
                self._settle(one, "sent", error["message"])
            elif state := _STATES.get(item.get("outcome", "")):
                self._settle(one, state, error.get("message"))
            else:
                continue
            settled = True
        return settled

    def _send_image(self, one: Waiting) -> None:
        from visionflow.client.errors import ApiError  # noqa: PLC0415

        data = _image_of(one)
        if data is None:
            self._journal.without_image(one.device_id)
            return
        record = record_of(one.line)
        body = {
            "image": base64.b64encode(data).decode(),
            "filename": record["filename"],
            "device": answer_of(one.line),
        }
        try:
            self._post("/predict", body)
        except ApiError as error:
            if not _refused(error):
                raise
            self._settle(one, "sent" if error.code == _RECORDED else "refused", str(error))
        else:
            self._settle(one, "sent", None)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        # Once: the journal is what repeats it, and the thread must be able to end.
        return self._connection.send("POST", path, body=body, repeatable=False)

    def _settle(self, one: Waiting, state: State, error: str | None) -> None:
        self._journal.settle(one.device_id, state, error)
        if state == "refused":
            self._say(f"{one.line['file'] or one.device_id}: the cloud refused it: {error}")


def _image_of(one: Waiting) -> bytes | None:
    """The bytes that were answered; None where they are gone, have changed, or are too many."""
    try:
        data = one.path.read_bytes() if one.path else one.frame
    except OSError:
        return None
    if data is None or len(data) > MAX_DIRECT_BYTES:
        return None
    return data if hashlib.sha256(data).hexdigest() == one.sha256 else None


def _refused(error: "ApiError") -> bool:
    """Whether the image itself is at fault, and not the key, the route or the service."""
    from visionflow.client.errors import (  # noqa: PLC0415
        ConflictError,
        ImageRefusedError,
        LimitError,
        NotAllowedError,
        UnavailableError,
        UnexpectedAnswerError,
    )

    if isinstance(error, ImageRefusedError | ConflictError):
        return True
    elsewhere = (LimitError, NotAllowedError, UnavailableError, UnexpectedAnswerError)
    return not error.retryable and not isinstance(error, elsewhere) and error.status in (400, 422)
