"""What the npm client and the page have from Python: types of the API and of reports, which npm
scripts make, and the image formats, from the one table (`visionflow.images.formats`)."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.errors import CommandError
from infra.generators.files import GENERATED
from infra.packaging.workspace import PROJECT
from visionflow.images.formats import ACCEPTED, UNKNOWN_TYPE

FORMATS_FILE = GENERATED / "formats.ts"


@dataclass(frozen=True)
class DashboardTypes:
    """The scripts ``types`` and ``types:check`` of the dashboard's ``package.json``."""

    dashboard: Path = PROJECT / "dashboard"
    command: str = "make types"

    def stale(self) -> list[Path]:
        return [] if self._run("types:check") == 0 else [GENERATED]

    def renew(self) -> None:
        """Raises `CommandError` when the script fails."""
        if self._run("types"):
            raise CommandError("'npm run types' failed with the output above.")

    def _run(self, script: str) -> int:
        npm = shutil.which("npm")
        if npm is None:
            raise CommandError("npm was not found on the PATH; install Node.js.")
        command = [npm, "--prefix", str(self.dashboard), "run", "--silent", script]
        return subprocess.run(command, check=False).returncode


def image_formats() -> dict[str, object]:
    """Types and patterns by ending, in the order in which they are tried, and what a file chooser
    offers."""
    return {
        "unknown_type": UNKNOWN_TYPE,
        "types": sorted(kind for one in ACCEPTED for kind in one.types),
        "by_suffix": {suffix[1:]: one.types[0] for one in ACCEPTED for suffix in one.suffixes},
        "signatures": [
            {"suffix": one.suffixes[0][1:], "type": one.types[0], "pattern": one.signature}
            for one in ACCEPTED
        ],
        "accept": ",".join(["image/*", *(s for one in ACCEPTED for s in one.suffixes)]),
    }
