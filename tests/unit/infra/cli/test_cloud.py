"""``visionflow up``: what it started is ended, whenever Ctrl-C comes."""

from pathlib import Path

import pytest

from infra.cli import main
from infra.local_cloud import lifecycle
from infra.local_cloud.emulator import Emulator
from infra.packaging.workspace import Workspace
from tests.unit.infra.cli.test_main import OUTPUTS


@pytest.mark.parametrize("step", ["answer", "lifecycle.watch"])
def test_ctrl_c_at_any_time_ends_the_local_cloud(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while the addresses are printed."""
    ended: list[Path] = []

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def down(workspace: Workspace) -> bool:
        ended.append(workspace.state)
        return True

    cloud = lifecycle.LocalCloud(Emulator(1, 4566, "token"), OUTPUTS, {})
    monkeypatch.setattr("infra.cli.cloud.lifecycle.up", lambda *_: cloud)
    monkeypatch.setattr("infra.cli.cloud.lifecycle.down", down)
    monkeypatch.setattr(f"infra.cli.cloud.{step}", interrupt)
    assert main.main(["up", "--state", str(tmp_path)]) == 0
    assert ended == [tmp_path]
