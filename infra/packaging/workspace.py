"""The folders and files of the command line."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = PROJECT / ".visionflow"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Workspace:
    """The checkout, and the folder in which one local cloud keeps its state.

    What is built once (the emulator's environment, the runtime layer) is under ``built`` and shared
    by every local cloud of the checkout; everything else belongs to one of them.
    """

    state: Path
    project: Path = PROJECT

    @property
    def built(self) -> Path:
        return self.project / DEFAULT_STATE.name

    @property
    def build_lock(self) -> Path:
        return self.built / "build.lock"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def lock(self) -> Path:
        """Held while the local cloud is started or ended."""
        return self.state / "lock"

    @property
    def emulator_record(self) -> Path:
        return self.state / "emulator.json"

    @property
    def outputs(self) -> Path:
        return self.state / "outputs.json"

    @property
    def deployed(self) -> Path:
        """Fingerprint of what the running emulator holds."""
        return self.state / "deployed.json"

    @property
    def cloud_assembly(self) -> Path:
        return self.state / "cdk.out"

    @property
    def scratch(self) -> Path:
        """The emulator's temporary folder: its workers unpack code and layers there."""
        return self.state / "tmp"


@contextmanager
def exclusive(lock: Path, waiting: Callable[[float], None] = lambda _: None) -> Iterator[None]:
    """Hold ``lock`` against other processes; the system releases it when this one ends.

    Waits for its turn. ``waiting`` is called meanwhile, again and again, with the seconds that it
    has taken; what it raises ends the wait.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        began = time.monotonic()
        while not _taken(file):
            waiting(time.monotonic() - began)
            time.sleep(_LOOK_SECONDS)
        try:
            yield
        finally:
            flock(file, LOCK_UN)


def is_held(lock: Path) -> bool:
    """Whether another process holds ``lock``."""
    try:
        file = lock.open("r")
    except FileNotFoundError:
        return False
    with file:
        return not _taken(file)


def _taken(file: IO[str]) -> bool:
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
