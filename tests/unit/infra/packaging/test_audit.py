"""What the services say about the locks: found, not checked, or failed."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.errors import CommandError
from infra.generators.locks import OF_LISTS, OF_PYPROJECT
from infra.packaging import audit
from infra.packaging.audit import Audited, audit_npm, audit_python
from infra.packaging.workspace import PROJECT


def says(stdout: Any, stderr: str = "", status: int = 0) -> audit.Run:
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)

    def run(command: Sequence[str], folder: Path) -> "subprocess.CompletedProcess[str]":
        assert folder.is_dir()
        return subprocess.CompletedProcess(list(command), status, text, stderr)

    return run


SOUND = {"name": "numpy", "version": "2.0", "vulns": []}
WEAK = {"name": "pillow", "version": "9.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.1"]}]}
UNKNOWN = {"name": "wheel", "skip_reason": "Dependency not found on PyPI"}


def test_every_lock_is_audited() -> None:
    assert {*audit.PYTHON_LOCKS} == {*OF_PYPROJECT, *OF_LISTS}
    for lock in (*audit.PYTHON_LOCKS, *audit.NPM_LOCKS):
        assert (PROJECT / lock).is_file()


def test_a_vulnerability_is_named() -> None:
    found = audit_python("a.txt", says({"dependencies": [SOUND, WEAK]}, status=1))
    assert found == Audited("a.txt", 2, (), ("pillow 9.0: PYSEC-1",))
    assert "VULNERABLE pillow 9.0: PYSEC-1" in str(found)
    report = {
        "vulnerabilities": {"chart.js": {"severity": "high"}},
        "metadata": {"dependencies": {"total": 30}},
    }
    npm = audit_npm("dashboard/package-lock.json", says(report, status=1))
    assert (npm.checked, npm.found) == (30, ("chart.js: high",))


def test_what_the_service_does_not_know_was_not_checked() -> None:
    found = audit_python("a.txt", says({"dependencies": [SOUND, UNKNOWN]}))
    assert (found.checked, found.found) == (1, ())
    assert found.skipped == ("1 packages that the service does not know (wheel)",)
    assert "not checked: 1 packages" in str(found)


def test_a_service_that_cannot_be_reached_is_said_to_be() -> None:
    error = "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"
    found = audit_python("a.txt", says("", error, status=1))
    assert (found.checked, found.found) == (0, ())
    assert "everything" in found.skipped[0]
    refusal = {"message": "405 Method Not Allowed - POST address", "error": {"summary": ""}}
    npm = audit_npm("dashboard/package-lock.json", says(refusal, status=1))
    assert (npm.checked, npm.skipped) == (0, ("everything (405 Method Not Allowed)",))


def test_a_tool_that_fails_is_not_taken_for_a_service_that_does() -> None:
    with pytest.raises(CommandError, match="pip-audit failed: ValueError: bad lock"):
        audit_python("a.txt", says("", "Traceback\nValueError: bad lock", status=1))
    with pytest.raises(CommandError, match="npm audit failed"):
        audit_npm("dashboard/package-lock.json", says("", "npm error", status=1))


@pytest.mark.parametrize(("found", "status"), [((), 0), (("pillow 9.0: PYSEC-1",), 1)])
def test_only_what_was_found_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: tuple[str, ...],
    status: int,
) -> None:
    monkeypatch.setattr(audit, "audit_python", lambda lock: Audited(lock, 1, ("a",), found))
    monkeypatch.setattr(audit, "audit_npm", lambda lock: Audited(lock, 1, (), ()))
    assert audit.main() == status
    assert capsys.readouterr().out.count("not checked") == len(audit.PYTHON_LOCKS)
