"""The measurements of `python -m tests.gpu`, shrunken, on whatever processor is there."""

from pathlib import Path

import pytest

from tests.gpu.measure import Scale, measured
from tests.unit.training.conftest import draw_set, few_strangers, labels_unchecked

__all__ = ["few_strangers", "labels_unchecked"]
"""Fixtures that leave out what takes longest."""

SHRUNKEN = Scale(
    {
        "model.widths": [8, 8, 16],
        "model.mirror": False,
        "input.size": 16,
        "input.resize": 16,
        "scratch.epochs": 2,
        "scratch.batch_size": 16,
        "data.validation": 0.25,
        "data.workers": 0,
        "data.group_by": "content",
        "export.calibration_images": 32,
        "export.max_accuracy_drop": 0.5,
        "export.max_class_drop": 0.5,
    },
    batches=4,
)


def test_feeding_and_the_whitened_config_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Plots take a third of the time, and other tests draw them.
    monkeypatch.setattr("training.report.page.PLOTS", {})
    data = tmp_path / "data"
    draw_set(data / "train", per_class=40, seed=1)
    draw_set(data / "test", per_class=10, seed=2)
    rates, accuracy, seconds = measured(data, tmp_path / "run", SHRUNKEN)
    assert set(rates.values) == {"loader and network", "network alone", "loader alone"}
    assert min(rates.values.values()) > 0 and seconds.first > 0
    # Three colours: a third by chance.
    assert accuracy.first > 50 and accuracy.target is not None
    assert (tmp_path / "run" / "model.onnx").exists()
