"""Drops 2,000 images while workers are killed, calls fail and events are repeated."""

import tempfile
from pathlib import Path

from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.benchmarks.figures import Figure, figure
from tests.e2e.chaos import NO_EVENTS, run_chaos
from tests.e2e.cloud import Cloud
from tests.e2e.conftest import free_port, visionflow

IMAGES, KILLS, SEED = 2_000, 8, 0


def report() -> tuple[Figure, ...]:
    """Raises `AssertionError` when an image has no record, two records or a wrong one."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        up = visionflow("up", "--detach", "--json", "--port", str(free_port()), state=state)
        if up.returncode != 0:
            raise RuntimeError(up.stderr)
        try:
            workspace = Workspace(state=state)
            running = emulator.running(workspace)
            if running is None:
                raise RuntimeError("the local cloud ended by itself")
            cloud = Cloud(state, running, read_outputs(workspace.outputs), {})
            found = run_chaos(cloud, images=IMAGES, kills=KILLS, seed=SEED)
        finally:
            visionflow("down", state=state)
    assert (found.missing, found.repeated, found.wrong, found.left_in_queue) == (0, 0, 0, 0)
    assert found.dead_letters == dict.fromkeys(NO_EVENTS, 1)
    n = f"{found.images:,} images, {found.poison} of them invalid, {found.messages:,} messages"
    outcome = {
        "images without a record": found.missing,
        "with more than one": found.repeated,
        "with a wrong one": found.wrong,
        "messages left in the queue": found.left_in_queue,
        "dead letters (messages that are not events)": found.dead_letters.total(),
    }
    return (
        figure("robustness", "dropped images under faults: outcome", outcome, "", n=n, seed=SEED),
        figure(
            "robustness",
            "dropped images under faults: what was done to them",
            {str(fault): count for fault, count in found.faults.items()},
            "",
            n=n,
            seed=SEED,
        ),
        figure(
            "robustness", "dropped images under faults: time", found.seconds, "s", n=n, seed=SEED
        ),
    )
