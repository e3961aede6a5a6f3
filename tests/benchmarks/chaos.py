"""2,000 images through dying workers, throttled tables, broken reads and repeated events."""

import tempfile
from pathlib import Path
from typing import Any

from infra.local_cloud import emulator
from infra.local_cloud.outputs import read_outputs
from infra.packaging.workspace import Workspace
from tests.benchmarks.table import print_table
from tests.e2e.chaos import NO_EVENTS, run_chaos
from tests.e2e.cloud import Cloud
from tests.e2e.conftest import free_port, visionflow

IMAGES, KILLS = 2_000, 8


def report() -> dict[str, Any]:
    """Raises `AssertionError` when an image has no record, two of them or a wrong one."""
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
            found = run_chaos(cloud, images=IMAGES, kills=KILLS)
        finally:
            visionflow("down", state=state)
    print_table(
        f"{found.images:,} dropped images, {found.poison} of them poison, by {found.messages:,} "
        f"messages in disorder, {found.seconds:.0f} s",
        ("what", "count"),
        [
            *sorted(found.faults.items()),
            ("images without a record", found.missing),
            ("images with more than one", found.repeated),
            ("records that are wrong", found.wrong),
            ("messages left in the queue", found.left_in_queue),
            ("dead letters (messages that are no event)", found.dead_letters.total()),
        ],
    )
    assert (found.missing, found.repeated, found.wrong, found.left_in_queue) == (0, 0, 0, 0)
    assert found.dead_letters == dict.fromkeys(NO_EVENTS, 1)
    return vars(found) | {"faults": dict(found.faults), "dead_letters": dict(found.dead_letters)}
