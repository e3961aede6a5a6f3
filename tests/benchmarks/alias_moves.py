"""200 requests a second of mixed traffic while the alias moves ten times, in real time."""

import os
import tempfile
from pathlib import Path

import pytest
from moto import mock_aws

from tests.benchmarks.table import print_table
from tests.integration.alias_traffic import Traffic, publish
from tests.integration.conftest import API, INGEST, Cloud

RATE = 200
SECONDS_EACH = 16.0


def report() -> dict[str, float]:
    """Takes three minutes: each version serves for longer than a move may take to be followed."""
    versions = [str(number) for number in range(11)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setattr("tempfile.tempdir", folder)
        for name, value in (API.to_env() | INGEST.to_env()).items():
            patch.setenv(name, value)
        cloud = Cloud()
        publish(cloud, Path(folder) / "artifacts", versions)
        with open(os.devnull, "w") as silence:  # noqa: PTH123  the functions print their metrics
            patch.setattr("sys.stdout", silence)
            found = Traffic(cloud, RATE).run(versions, SECONDS_EACH, patch)
            patch.undo()
    rows = [
        ("requests", f"{found.requests}"),
        ("a second", f"{found.requests / found.seconds:.1f}"),
        ("failed", f"{len(found.failed)}"),
        ("oldest answer after its version was replaced", f"{found.stale_s:.1f} s"),
    ]
    print_table(
        f"{RATE} requests a second while the alias moves ten times", ("what", "value"), rows
    )
    return {
        "requests": found.requests,
        "per_second": found.requests / found.seconds,
        "failed": len(found.failed),
        "stale_s": found.stale_s,
    }
