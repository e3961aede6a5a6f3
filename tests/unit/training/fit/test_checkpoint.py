from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.unit.training.conftest import shrunken_config
from training.errors import TrainingError
from training.fit.checkpoint import CHECKPOINT_FILE, Checkpoint, identity

IDENTITY = {"config": {"seed": 1}, "dataset_sha256": "abc"}
STATE = {"network": {"weight": torch.arange(3.0)}, "history": [{"epoch": 1}], "best": None}


def test_a_state_comes_back(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "new" / "run", IDENTITY)
    assert checkpoint.read() is None
    checkpoint.write(STATE)
    state = Checkpoint(tmp_path / "new" / "run", IDENTITY).read()
    assert state is not None
    assert state["history"] == [{"epoch": 1}]
    assert torch.equal(state["network"]["weight"], torch.arange(3.0))
    assert [path.name for path in checkpoint.path.parent.iterdir()] == ["checkpoint.pt"]


def test_a_state_is_read_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Checkpoint(tmp_path, IDENTITY).write(STATE)
    load = torch.load
    places: list[str] = []

    def recorded(file: Any, **options: Any) -> Any:
        places.append(str(options["map_location"]))
        return load(file, **options)

    monkeypatch.setattr(torch, "load", recorded)
    Checkpoint(tmp_path, IDENTITY).read()
    assert places == ["cpu"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, IDENTITY)
    checkpoint.write(STATE)
    before = checkpoint.path.read_bytes()
    checkpoint.path.with_name(f"{CHECKPOINT_FILE}.partial").symlink_to("/dev/full")
    big = {"network": {str(i): torch.zeros(100_000) for i in range(10)}}
    with pytest.raises(TrainingError, match=rf"{tmp_path}: .*No space left.* Free some space"):
        checkpoint.write(big)
    assert checkpoint.path.read_bytes() == before
    assert not checkpoint.path.with_name(f"{CHECKPOINT_FILE}.partial").is_symlink()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(TrainingError, match=f"{tmp_path / 'run'}: the checkpoint"):
        Checkpoint(tmp_path / "run", IDENTITY).write(STATE)


def test_a_damaged_file_is_refused_at_every_length(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, IDENTITY)
    checkpoint.write(STATE)
    whole = checkpoint.path.read_bytes()
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        checkpoint.path.write_bytes(whole[:length])
        with pytest.raises(TrainingError, match=r"checkpoint.pt is damaged .* delete it"):
            checkpoint.read()


class Foreign:
    """An object that only a pickle could bring back."""


@pytest.mark.parametrize("content", [Foreign(), [1, 2], {"epoch": 3}, torch.zeros(2)])
def test_a_foreign_file_is_refused(tmp_path: Path, content: object) -> None:
    checkpoint = Checkpoint(tmp_path, IDENTITY)
    torch.save(content, checkpoint.path)
    with pytest.raises(TrainingError, match="damaged or no checkpoint"):
        checkpoint.read()


def test_a_file_of_another_run_is_refused(tmp_path: Path) -> None:
    Checkpoint(tmp_path, IDENTITY).write(STATE)
    other = Checkpoint(tmp_path, {**IDENTITY, "dataset_sha256": "abd"})
    with pytest.raises(TrainingError, match=r"the images are others.* Choose another"):
        other.read()


def test_what_shapes_no_weight_is_no_part_of_the_identity() -> None:
    config = shrunken_config()
    renamed = replace(
        config,
        name="other",
        version="2",
        mlflow=True,
        data=replace(config.data, workers=7),
        export=replace(config.export, opset=18),
        tune=replace(config.tune, trials=99),
    )
    assert identity(renamed, "abc") == identity(config, "abc")
    for other in (replace(config, seed=99), replace(config, precision="bfloat16")):
        assert identity(other, "abc") != identity(config, "abc")
    assert identity(config, "abd") != identity(config, "abc")
