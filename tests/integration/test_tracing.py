"""The trace of a picture, as the X-Ray daemon receives it."""

import json
import subprocess
import sys
from typing import Any

Segment = dict[str, Any]


def run(*, disabled: bool) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.traced_run", str(disabled).lower()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def steps_below(segment: Segment, segments: list[Segment]) -> set[str]:
    """Names of the steps that were sent as children of ``segment``."""
    return {s["name"].removeprefix("## ") for s in segments if s["parent_id"] == segment["id"]}


def test_each_step_of_a_picture_is_a_segment_of_its_request_s_trace() -> None:
    found = run(disabled=False)
    segments: list[Segment] = found["segments"]
    assert {segment["trace_id"] for segment in segments} == {"1-5759e988-bd862e3fe1be46a994272793"}
    sent, dropped = (segment for segment in segments if segment["name"] == "## picture")
    assert sent["annotations"]["prediction_id"] == found["id"]
    assert dropped["annotations"]["prediction_id"].startswith("s3-")
    common = {"model", "decode", "prepare", "infer", "thumbnail"}
    assert steps_below(sent, segments) >= common | {"store"}
    assert steps_below(dropped, segments) >= common | {"read"}
    for segment in segments:
        assert segment["end_time"] >= segment["start_time"]


def test_a_stage_without_tracing_sends_nothing() -> None:
    assert run(disabled=True)["segments"] == []
