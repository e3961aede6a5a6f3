"""The TypeScript types of the API and of reports, which npm scripts of the dashboard make."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.errors import CommandError
from infra.packaging.workspace import PROJECT


@dataclass(frozen=True)
class DashboardTypes:
    """The scripts ``types`` and ``types:check`` of the dashboard's ``package.json``."""

    dashboard: Path = PROJECT / "dashboard"
    command: str = "make types"

    def stale(self) -> list[Path]:
        return [] if self._run("types:check") == 0 else [self.dashboard / "src" / "api"]

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
