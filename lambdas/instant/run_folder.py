"""What the steps of a training hand on, in ``runs/<dataset>/<run>/`` of the datasets bucket.

The bucket forgets them after some days; what a training made is in the models bucket then.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visionflow import strict
from visionflow.datasets.names import RUNS_PREFIX
from visionflow.datasets.run import InstantRun, RunResult
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact
from visionflow.objects import read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Images that one call of the embed function does, in some ten seconds.
CHUNK = 100
_MISSING, _MODEL, _OUTCOME = "missing.jsonl", "model/", "outcome.json"


@dataclass(frozen=True)
class Outcome:
    """What a training reached. ``tested``: SHA-256 of the test part, as the report has it."""

    result: RunResult
    tested: str


@dataclass(frozen=True)
class RunFolder:
    """The folder of one training."""

    run: InstantRun
    bucket: str
    s3: "S3Client"

    @property
    def _prefix(self) -> str:
        return f"{RUNS_PREFIX}{self.run.dataset}/{self.run.id}/"

    def put_missing(self, hashes: Sequence[str]) -> str:
        """The key of a file with a line of JSON for each chunk of ``hashes``: Step Functions'
        Distributed Map makes an item of each."""
        chunks = [hashes[start : start + CHUNK] for start in range(0, len(hashes), CHUNK)]
        lines = [
            json.dumps({"number": number, "images": chunk}) for number, chunk in enumerate(chunks)
        ]
        key = self._prefix + _MISSING
        self.s3.put_object(Bucket=self.bucket, Key=key, Body="\n".join(lines).encode())
        return key

    def put_model(self, folder: Path, manifest: Manifest, outcome: Outcome) -> None:
        """Keep a proven artifact for the step that publishes it, its manifest last."""
        for entry in manifest.all_files():
            key = f"{self._prefix}{_MODEL}{entry.path}"
            self.s3.upload_file(str(folder / entry.path), self.bucket, key)
        body = json.dumps(strict.to_dict(outcome)).encode()
        self.s3.put_object(Bucket=self.bucket, Key=self._prefix + _OUTCOME, Body=body)
        key = f"{self._prefix}{_MODEL}{MANIFEST_NAME}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=manifest.to_json().encode())

    def has_model(self) -> bool:
        """Whether `put_model` was done to its end."""
        return self._read(f"{_MODEL}{MANIFEST_NAME}") is not None

    def fetch_model(self, folder: Path) -> tuple[Manifest, Outcome]:
        """Bring the artifact into ``folder``, verified. Raises `ArtifactError`, `ConfigError`."""
        text = self._read(f"{_MODEL}{MANIFEST_NAME}") or b""
        (folder / MANIFEST_NAME).write_bytes(text)
        for entry in Manifest.parse(text).all_files():
            target = folder / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            key = f"{self._prefix}{_MODEL}{entry.path}"
            self.s3.download_file(self.bucket, key, str(target))
        outcome = strict.parse_json(Outcome, self._read(_OUTCOME) or b"", _OUTCOME)
        return read_artifact(folder), outcome

    def _read(self, name: str) -> bytes | None:
        return read_object(self.s3, self.bucket, self._prefix + name)
