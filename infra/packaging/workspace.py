"""The folders and files of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path

from infra.errors import CommandError

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_STATE = PROJECT / ".visionflow"


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
def exclusive(lock: Path, busy: str | None = None) -> Iterator[None]:
    """Hold ``lock`` against other processes; the system releases it when this one ends.

    Waits for its turn, or raises `CommandError` with the sentence ``busy`` when one is given.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            flock(file, LOCK_EX | (LOCK_NB if busy else 0))
        except BlockingIOError:
            raise CommandError(busy) from None
        try:
            yield
        finally:
            flock(file, LOCK_UN)
