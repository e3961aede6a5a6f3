"""Whether the local cloud is there: a busy one, or one that is just coming, is waited for.

An emulator whose process runs and that does not answer is at work: to call it "not running" would
be wrong, and to start another in its place would lose all that it holds.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.errors import CommandError
from infra.local_cloud import emulator
from infra.local_cloud.emulator import Emulator
from infra.local_cloud.outputs import NOT_RUNNING
from infra.packaging.workspace import Workspace, is_held
from training.texts.terminal import say

BUSY_SECONDS = 60.0
COMING_SECONDS = 600.0
_LOOK_SECONDS = 0.5
_SAY_SECONDS = 10.0


def _on_stderr(text: str) -> None:
    say(text, file=sys.stderr)


@dataclass
class Waiting:
    """Called again and again with the seconds that a wait has taken: says so every ten of them,
    and raises `CommandError` after ``most``. ``what`` is waited for; ``instead``: what to do."""

    what: str
    instead: str
    most: float
    say: Callable[[str], None] = _on_stderr
    _next: float = field(default=1.0, init=False)

    def __call__(self, seconds: float) -> None:
        if seconds > self.most:
            raise CommandError(f"{self.what}, still after {self.most:.0f} s. {self.instead}")
        if seconds >= self._next:
            self.say(f"{self.what}; waiting, {seconds:.0f} s of at most {self.most:.0f} s.")
            self._next = seconds + _SAY_SECONDS


def another_command() -> Waiting:
    """For the lock of `visionflow up` and `down`."""
    return Waiting(
        "Another 'visionflow up' or 'down' is at work on this local cloud",
        "Look at that one, and end it if it hangs.",
        COMING_SECONDS,
    )


def another_build() -> Waiting:
    """For the lock of what all local clouds of a checkout share."""
    return Waiting(
        "Another 'visionflow' command builds in this checkout",
        "Look at that one, and end it if it hangs.",
        COMING_SECONDS,
    )


def answering(workspace: Workspace, busy_seconds: float = BUSY_SECONDS) -> Emulator | None:
    """The emulator of this workspace once it answers; None where none runs.

    Raises `CommandError` for one that runs and does not answer in time.
    """
    began, waiting = time.monotonic(), None
    while (found := emulator.recorded(workspace)) and found.is_alive():
        if found.is_healthy():
            return found
        waiting = waiting or Waiting(
            f"The local cloud runs (process {found.pid}, port {found.port}) and is too busy to "
            "answer",
            "Try again when it has less to do, or end it with 'visionflow down', which deletes "
            "what it holds.",
            busy_seconds,
        )
        waiting(time.monotonic() - began)
        time.sleep(_LOOK_SECONDS)
    return None


def present(workspace: Workspace, busy_seconds: float = BUSY_SECONDS) -> Emulator:
    """The local cloud, with its outputs, once a 'visionflow up' that is at work has made it.

    Raises `CommandError` where none runs and none is coming, or it takes too long.
    """
    began, waiting = time.monotonic(), another_command()
    while True:
        found = answering(workspace, busy_seconds)
        if found and workspace.outputs.exists():
            return found
        if not is_held(workspace.lock):
            # It may have ended in between.
            if (found := emulator.running(workspace)) and workspace.outputs.exists():
                return found
            raise CommandError(NOT_RUNNING)
        waiting(time.monotonic() - began)
        time.sleep(_LOOK_SECONDS)
