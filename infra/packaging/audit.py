"""Known vulnerabilities of what is locked, by the services that know them.

    python -m infra.packaging.audit

Ends with 1 where there is one. Where a service cannot be reached, or does not know a package, the
output says what was not checked, and that is not a failure.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from infra.errors import CommandError
from infra.packaging.workspace import PROJECT

PYTHON_LOCKS: Final = (
    "infra/local_cloud/ministack-requirements.txt",
    "infra/requirements.txt",
    "layers/api/requirements.txt",
    "layers/runtime/requirements.txt",
    "layers/tokens/requirements.txt",
    "layers/training/requirements.txt",
    "tests/requirements.txt",
    "training/requirements.txt",
)
NPM_LOCKS: Final = ("dashboard/package-lock.json", "infra/package-lock.json")

_SECONDS = 300.0
# What pip-audit says where it gets no answer.
_UNREACHABLE = ("connect", "timed out", "not resolve")

Run = Callable[[Sequence[str], Path], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Audited:
    """``checked``: number of packages; ``skipped``: a phrase for what was not checked."""

    lock: str
    checked: int
    skipped: tuple[str, ...]
    found: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.lock}: {self.checked} packages checked, {len(self.found)} vulnerabilities"]
        lines += [f"  VULNERABLE {one}" for one in self.found]
        lines += [f"  not checked: {one}" for one in self.skipped]
        return "\n".join(lines)


def run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def audit_python(lock: str, run: Run = run) -> Audited:
    """Raises `CommandError` where pip-audit itself fails."""
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--format", "json"]
    answer = run([*command, "--disable-pip", "--require-hashes", "-r", lock], PROJECT)
    try:
        packages: list[dict[str, Any]] = json.loads(answer.stdout)["dependencies"]
    except ValueError as error:
        reason = answer.stderr.strip().rpartition("\n")[2]
        if not any(sign in answer.stderr.lower() for sign in _UNREACHABLE):
            raise CommandError(f"{lock}: pip-audit failed: {reason}") from error
        return Audited(lock, 0, (f"everything ({reason})",), ())
    unknown = sorted(package["name"] for package in packages if "skip_reason" in package)
    skipped: tuple[str, ...] = ()
    if unknown:
        names = ", ".join(unknown[:3]) + (", ..." if len(unknown) > 3 else "")
        skipped = (f"{len(unknown)} packages that the service does not know ({names})",)
    found = tuple(
        f"{package['name']} {package['version']}: {one['id']}"
        for package in packages
        for one in package.get("vulns", ())
    )
    return Audited(lock, len(packages) - len(unknown), skipped, found)


def audit_npm(lock: str, run: Run = run) -> Audited:
    """Raises `CommandError` where npm itself fails."""
    answer = run(["npm", "audit", "--package-lock-only", "--json"], (PROJECT / lock).parent)
    try:
        report: dict[str, Any] = json.loads(answer.stdout)
    except ValueError as error:
        reason = answer.stderr.strip().rpartition("\n")[2]
        raise CommandError(f"{lock}: npm audit failed: {reason}") from error
    if "vulnerabilities" not in report:
        # npm reports in the same form that it got no answer.
        reason = report.get("message") or report.get("error", {}).get("summary")
        return Audited(lock, 0, (f"everything ({str(reason).partition(' - ')[0]})",), ())
    found = tuple(
        f"{name}: {one['severity']}" for name, one in sorted(report["vulnerabilities"].items())
    )
    return Audited(lock, report["metadata"]["dependencies"]["total"], (), found)


def main() -> int:
    audited = [
        *(audit_python(lock) for lock in PYTHON_LOCKS),
        *(audit_npm(lock) for lock in NPM_LOCKS),
    ]
    for one in audited:
        print(one)
    return 1 if any(one.found for one in audited) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CommandError, OSError, subprocess.TimeoutExpired) as error:
        sys.exit(str(error))
