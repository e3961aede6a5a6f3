"""A job's folder in the jobs bucket: checkpoints, and the finished run that waits for publishing.

A machine writes below ``jobs/<its own reporter>/`` and nowhere else. Objects are complete or
absent, and the manifest of a run is written last: a run without one is not finished.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from training.data.grouping.saved_groups import GROUPS_FILE
from training.fit.checkpoint import CHECKPOINT_FILE
from training.stop import check_stop
from visionflow.jobs.folder import checkpoint_key, groups_key, run_prefix
from visionflow.models.manifest import MANIFEST_NAME, read_artifact

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class JobFiles:
    """What one machine of a job keeps in the jobs bucket."""

    def __init__(self, bucket: str, reporter: str, client: "S3Client") -> None:
        self._bucket = bucket
        self._reporter = reporter
        self._client = client
        self._kept: tuple[int, int] | None = None

    def has_checkpoint(self, run: Path) -> None:
        """The checkpoint in ``run`` was downloaded: it is in the bucket already."""
        self._kept = _identity(run / CHECKPOINT_FILE)

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


def _identity(file: Path) -> tuple[int, int]:
    """Changes whenever the file is replaced."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ino
