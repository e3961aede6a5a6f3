"""A job's folder in the jobs bucket: checkpoints, and the finished run that waits for publishing.

A machine writes below ``jobs/<its own reporter>/`` and may read what earlier machines left. Objects
and files are complete or absent, and the manifest of a run is written last: a run without one is
not finished.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from training.data.grouping.saved_groups import GROUPS_FILE
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE
from training.stop import check_stop
from visionflow.jobs.folder import checkpoint_key, groups_key, run_prefix
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact
from visionflow.whole_file import whole_file

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
        """Download the newest checkpoint of ``reporters`` (oldest first) into ``run``, and the
        groups that its images were divided by.

        One that is already there stays. Returns whose it is, None without one.
        """
        target = run / CHECKPOINT_FILE
        if target.exists():
            return self._reporter
        for reporter in reversed(reporters):
            # First: a checkpoint that is there is taken to be complete.
            self._download(groups_key(reporter), run / GROUPS_FILE)
            if self._download(checkpoint_key(reporter), target):
                self._kept = _identity(target)
                return reporter
        return None

    def keep_checkpoint(self, run: Path) -> bool:
        """Upload the checkpoint in ``run`` if it is new, and the groups that its images were
        divided by; returns whether it was uploaded."""
        source = run / CHECKPOINT_FILE
        if not source.exists() or (identity := _identity(source)) == self._kept:
            return False
        groups = str(run / GROUPS_FILE)
        self._client.upload_file(groups, self._bucket, groups_key(self._reporter))
        self._client.upload_file(str(source), self._bucket, checkpoint_key(self._reporter))
        self._kept = identity
        return True

    def keep_run(self, run: Path) -> None:
        """Upload the artifact in ``run``, verified, its manifest last."""
        manifest = read_artifact(run)
        prefix = run_prefix(self._reporter)
        for name in (*(entry.path for entry in manifest.all_files()), MANIFEST_NAME):
            check_stop()
            self._client.upload_file(str(run / name), self._bucket, prefix + name)

    def fetch_run(self, reporter: str, folder: Path) -> Path:
        """Download the finished run that ``reporter`` left into ``folder``.

        Raises `TrainingError` without a finished run.
        """
        prefix = run_prefix(reporter)
        manifest = folder / MANIFEST_NAME
        if not self._download(prefix + MANIFEST_NAME, manifest):
            raise TrainingError(f"{self._bucket}/{prefix} holds no finished run.")
        for entry in Manifest.parse(manifest.read_bytes()).all_files():
            check_stop()
            self._download(prefix + entry.path, folder / entry.path)
        return folder

    def fetch(self, source: str, target: Path) -> Path:
        """Download ``s3://bucket/key`` to ``target``. Raises `TrainingError` without the object."""
        bucket, _, key = source.removeprefix("s3://").partition("/")
        if not self._download(key, target, bucket):
            raise TrainingError(f"{source} does not exist; check bucket and key.")
        return target

    def _download(self, key: str, target: Path, bucket: str | None = None) -> bool:
        try:
            with whole_file(target) as partial:
                self._client.download_file(bucket or self._bucket, key, str(partial))
        except self._client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] not in ("404", "NoSuchKey", "NotFound"):
                raise
            return False
        return True


def _identity(file: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ino
