"""What each process does that torchrun starts in `test_distributed`; also a module to run."""

import sys
from pathlib import Path
from typing import Any

import torch

from tests.unit.training.fit.conftest import make_config
from training.data.training_data import load_training_data
from training.fit.distributed import join_processes
from training.fit.fit import fit

# No dropout: its masks are each process's own.
PLAIN = {"model__dropout": 0.0, "data__balance": "inverse", "scratch__epochs": 2}
CONFIGS = {
    "probe": make_config("probe", **PLAIN),
    "scratch": make_config("scratch", augment__mixup=0.2, scratch__gradient_clip=5.0, **PLAIN),
    "finetune": make_config(
        "finetune", finetune__batch_norm="adapt", finetune__head__patience=1, **PLAIN
    ),
}


def fits(images: Path, out: Path) -> dict[str, Any]:
    """Weights and curves by recipe."""
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    for recipe, config in CONFIGS.items():
        data = load_training_data(images, config, out / "cache")
        fitted = fit(config, data, out / recipe)
        curves = [[r.train_loss, r.validation_loss, r.validation_top1] for r in fitted.history]
        found[recipe] = {"weights": fitted.model.state_dict(), "curves": torch.tensor(curves)}
    return found


if __name__ == "__main__":
    folder, results = Path(sys.argv[1]), Path(sys.argv[2])
    with join_processes() as process:
        name = "main" if process.main else "other"
        torch.save(fits(folder, results), results / f"{name}.pt")
