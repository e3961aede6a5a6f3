"""Sends 200 mixed requests a second while the alias moves ten times, in real time."""

import os
import tempfile
from pathlib import Path

import pytest
from moto import mock_aws

from tests.benchmarks.figures import Figure, Target, figure
from tests.integration.alias_traffic import Traffic, publish
from tests.integration.conftest import API, COUNTING, INGEST, Cloud

RATE = 200
SECONDS_EACH = 16.0
MOST_STALE_S = 15.0


def report() -> tuple[Figure, ...]:
    """Takes three minutes: each version serves for longer than the limit for following a move."""
    versions = [str(number) for number in range(11)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setattr("tempfile.tempdir", folder)
        for name, value in (API.to_env() | INGEST.to_env() | COUNTING.to_env()).items():
            patch.setenv(name, value)
        cloud = Cloud()
        publish(cloud, Path(folder) / "artifacts", versions)
        with open(os.devnull, "w") as silence:  # noqa: PTH123  the functions print their metrics
            patch.setattr("sys.stdout", silence)
            found = Traffic(cloud, RATE).run(versions, SECONDS_EACH, patch)
            patch.undo()
    moves = len(versions) - 1
    traffic = f"mixed requests to the real handlers on moto while the alias moves {moves} times"
    n = f"{found.requests:,} requests"
    return (
        figure("robustness", f"{traffic}: failed", len(found.failed), "", n=n),
        figure(
            "robustness",
            f"{traffic}: oldest answer of a version after it was replaced",
            found.stale_s,
            "s",
            target=Target("at most", MOST_STALE_S),
            n=n,
        ),
        figure(
            "robustness",
            f"{traffic}: requests a second",
            found.requests / found.seconds,
            "",
            n=n,
            note=f"{RATE} a second were sent",
        ),
    )
