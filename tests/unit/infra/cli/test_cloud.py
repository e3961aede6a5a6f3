"""``visionflow up``: what it prints, and that Ctrl-C ends what it started."""

from pathlib import Path
from typing import Any

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


def record(
    label: str | None, *parents: str, reason: str | None = None, code: str | None = None
) -> dict[str, Any]:
    status = "failed" if code else "unknown" if reason else "ok"
    answer = {"label": label, "parents": [*parents], "confidence": None if code else 0.9}
    error = {"code": code, "message": "..."} if code else None
    more = {"status": status, "unknown_reason": reason, "error": error}
    return {**answer, **more, "model": None, "timings": {"infer": 4.0}}


def test_each_sample_image_is_shown_with_the_parents_of_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {
        "coffee.jpg": record("espresso", "food", "drink"),
        "cat.jpg": record("domestic cat", "animal", "mammal", "cat"),
        "flower.jpg": record("daisy", "plant or fungus", "flower", reason="unsure"),
        "panda.jpg": record("giant panda"),
        "broken.jpg": record(None, code="image_truncated"),
    }
    cloud = lifecycle.LocalCloud(Emulator(1, 4566, "token"), OUTPUTS, answers)
    monkeypatch.setattr("infra.cli.cloud.lifecycle.up", lambda *_: cloud)
    assert main.main(["up", "--detach", "--state", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    cells = {line.split("  ")[0]: [c for c in line.split("  ") if c] for line in lines if line}
    shown = {name: (cells[name][1].strip(), cells[name][-2].strip()) for name in answers}
    assert shown == {
        "coffee.jpg": ("food > drink > espresso", "ok"),
        "cat.jpg": ("animal > mammal > cat > domestic cat", "ok"),
        "flower.jpg": ("plant or fungus > flower > daisy", "unknown (unsure)"),
        "panda.jpg": ("giant panda", "ok"),
        "broken.jpg": ("image_truncated", "failed"),
    }
