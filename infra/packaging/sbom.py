"""Bills of materials (CycloneDX JSON): what runs in the functions, on training machines and in the
browser, by the locks that it is installed from.

    python -m infra.packaging.sbom
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from infra.errors import CommandError
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import BUILD_FOLDER
from visionflow.whole_file import whole_file

SPEC_VERSION: Final = "1.5"
# What is shipped, and the lock of what it holds.
PYTHON_PARTS: Final = {
    "api-layer": "layers/api/requirements.txt",
    "runtime-layer": "layers/runtime/requirements.txt",
    "tokens-layer": "layers/tokens/requirements.txt",
    "training-machine": "training/requirements.txt",
}
DASHBOARD: Final = "dashboard"
_DEVELOPMENT: Final = {"name": "cdx:npm:package:development", "value": "true"}


def write_sboms(into: Path = BUILD_FOLDER / "sbom") -> list[Path]:
    """One file for each part. Raises `CommandError`."""
    into.mkdir(parents=True, exist_ok=True)
    files = []
    for part, lock in PYTHON_PARTS.items():
        command = [sys.executable, "-m", "cyclonedx_py", "requirements", lock]
        command += ["--output-reproducible", "--of", "JSON", "--sv", SPEC_VERSION, "--no-validate"]
        files.append(_write(into, part, _made(part, command, PROJECT)))
    folder = PROJECT / DASHBOARD
    command = ["npm", "sbom", "--package-lock-only", "--sbom-format", "cyclonedx"]
    return [*files, _write(into, DASHBOARD, _shipped(_made(DASHBOARD, command, folder)))]


def _made(part: str, command: list[str], folder: Path) -> dict[str, Any]:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        reason = result.stderr.strip().rpartition("\n")[2]
        raise CommandError(f"The bill of materials of {part} cannot be made: {reason}")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def _shipped(document: dict[str, Any]) -> dict[str, Any]:
    """Without what only builds or tests the page. npm's own ``--omit dev`` also leaves out what the
    page and a tool share, such as React; with a workspace, its scope says "required" of all."""
    kept = [
        one
        for one in document["components"]
        if one["scope"] == "required" and _DEVELOPMENT not in one.get("properties", ())
    ]
    refs = {one["bom-ref"] for one in (*kept, document["metadata"]["component"])}
    edges = [
        {**edge, "dependsOn": [ref for ref in edge["dependsOn"] if ref in refs]}
        for edge in document["dependencies"]
        if edge["ref"] in refs
    ]
    return {**document, "components": kept, "dependencies": edges}


def _write(into: Path, part: str, document: dict[str, Any]) -> Path:
    target = into / f"{part}.cdx.json"
    with whole_file(target) as partial:
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return target


if __name__ == "__main__":
    try:
        for file in write_sboms():
            print(file.relative_to(PROJECT))
    except (CommandError, OSError) as error:
        sys.exit(str(error))
