"""A job's folder in the jobs bucket: checkpoints, and the finished run that waits for publishing.

A machine writes below ``jobs/<its own reporter>/`` and may read what its predecessors left. Each
object appears as a whole, and of a run the manifest last, so whatever ends a machine leaves nothing
that could be taken for more than it is.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from visionflow.jobs.folder import checkpoint_key, run_prefix
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class JobFiles:
    """What one machine of a job keeps in the jobs bucket."""

    def __init__(self, bucket: str, reporter: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._reporter = reporter
        self._client = client
        self._kept: tuple[int, int] | None = None

    def fetch_checkpoint(self, reporters: Sequence[str], run: Path) -> str | None:
        """Bring the newest checkpoint that any of ``reporters`` (oldest first) left into ``run``.

        One that lies there already stays. Returns whose it was, None where there is none.
        """
        target = run / CHECKPOINT_FILE
        if target.exists():
            return self._reporter
        for reporter in reversed(reporters):
            if self._download(checkpoint_key(reporter), target):
                self._kept = _identity(target)
                return reporter
        return None

    def keep_checkpoint(self, run: Path) -> bool:
        """Upload the checkpoint in ``run`` unless it is there already; whether it was uploaded."""
        source = run / CHECKPOINT_FILE
        if not source.exists() or (identity := _identity(source)) == self._kept:
            return False
        # A copy: the next epoch replaces the file while a large one is still on its way.
        copy = source.with_suffix(".upload")
        shutil.copyfile(source, copy)
        try:
            self._client.upload_file(str(copy), self._bucket, checkpoint_key(self._reporter))
        finally:
            copy.unlink(missing_ok=True)
        self._kept = identity
        return True

    def keep_run(self, run: Path) -> None:
        """Upload the artifact in ``run``, verified, its manifest last."""
        manifest = read_artifact(run)
        prefix = run_prefix(self._reporter)
        for name in (*(entry.path for entry in manifest.all_files()), MANIFEST_NAME):
            self._client.upload_file(str(run / name), self._bucket, prefix + name)

    def fetch_run(self, reporter: str, folder: Path) -> Path:
        """The finished run that ``reporter`` left, whole. Raises `TrainingError` without one."""
        prefix = run_prefix(reporter)
        manifest = folder / MANIFEST_NAME
        if not self._download(prefix + MANIFEST_NAME, manifest):
            raise TrainingError(f"{prefix} holds no finished run.")
        for entry in Manifest.parse(manifest.read_bytes()).all_files():
            self._download(prefix + entry.path, folder / entry.path)
        return folder

    def fetch(self, source: str, target: Path) -> Path:
        """The object ``s3://bucket/key`` as a file. Raises `TrainingError` when it is not there."""
        bucket, _, key = source.removeprefix("s3://").partition("/")
        if not self._download(key, target, bucket):
            raise TrainingError(f"{source} is not there; check bucket and key.")
        return target

    def _download(self, key: str, target: Path, bucket: str | None = None) -> bool:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.download")
        try:
            self._client.download_file(bucket or self._bucket, key, str(partial))
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            return False
        partial.replace(target)
        return True


def _identity(file: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ino
