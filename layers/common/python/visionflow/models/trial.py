"""A version is opened and tried before it can serve, by a process that may end.

What a graph does is seen when it runs. So the served files, and nothing else of the folder, go to a
process of their own, which has no credentials and the memory and time of a function. See
`visionflow.answers.tryout` for what it does.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError
from visionflow.models.drift import REFERENCE_FILE
from visionflow.models.manifest import Manifest
from visionflow.models.registry import Effort, Tried
from visionflow.timestamps import timestamp

_PROGRAM = "visionflow.answers.tryout"
_SECONDS = 120.0
_NEEDED = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")


@dataclass(frozen=True)
class Outcome(Effort):
    """What the process prints; ``refused`` says why the version cannot serve."""

    refused: str | None


def try_out(folder: Path, manifest: Manifest) -> Tried:
    """Try the version whose files are in ``folder``.

    Raises `ArtifactError` for one that cannot serve.
    """
    with tempfile.TemporaryDirectory() as place:
        for entry in (*manifest.served_files, *manifest.extra_files):
            if entry in manifest.served_files or entry.path == REFERENCE_FILE:
                target = Path(place) / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / entry.path, target)
        effort = _run(Path(place), manifest)
    return Tried(effort.ms, effort.peak_mb, timestamp(datetime.now(UTC)))


def _run(folder: Path, manifest: Manifest) -> Outcome:
    version = f"{manifest.name} {manifest.version}"
    kept = {name: os.environ[name] for name in _NEEDED if name in os.environ}
    # The path holds the layers of a function. One thread, so that little memory is set aside.
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", **kept}
    try:
        found = subprocess.run(
            [sys.executable, "-m", _PROGRAM, str(folder)],
            input=manifest.to_json().encode(),
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ArtifactError(
            f"{version} cannot serve: trying it took more than {_SECONDS:g} seconds."
        ) from error
    # A graph may have printed something before.
    said = found.stdout.decode(errors="replace").strip().rpartition("\n")[2]
    try:
        outcome = strict.parse_json(Outcome, said, "trial")
    except ConfigError as error:
        raise ArtifactError(
            f"{version} cannot serve: the process that tried it ended with status "
            f"{found.returncode}."
        ) from error
    if outcome.refused is not None:
        raise ArtifactError(f"{version} cannot serve: {outcome.refused}.")
    return outcome
