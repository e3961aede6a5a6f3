"""Finished runs as one model: the average of their logits, exported and gated like any other."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from training.config import TrainConfig
from training.data.grouping.saved_groups import GROUPS_FILE
from training.data.training_data import TrainingData, load_training_data
from training.errors import TrainingError
from training.fit.fit import Fitted, load_fitted
from training.networks.ensemble import Ensemble
from training.networks.network import ConvNet
from training.proving import CACHE_FOLDER
from training.reading import finished
from training.results.report import DataSummary, Report
from training.run_folder import only_writer, path_or_none
from training.runs import read_reports, require_apart, run_labels
from training.train import finish
from visionflow import strict

MEMBERS = "members"
"""Key in the artifact's config: the config of each member, by the name of its run."""


def ensemble(
    runs: Sequence[str | Path],
    data: str | Path,
    out: str | Path,
    *,
    name: str,
    version: str,
    cache: str | Path | None = None,
) -> Report:
    """Make one artifact in ``out`` of finished ``runs``, whose checkpoints must still be there.

    The members' logits are averaged as they are; temperature and threshold are fitted to the
    average. ``data``: the folder that the runs were trained from. The ensemble has no epochs of its
    own; its seconds are the sum of all members'. One that is finished is left as it is.

    Raises what `read_reports` does, and `TrainingError` when the runs differ in labels, their
    parents, input or images, when ``data`` holds others, or when a checkpoint is missing.
    """
    folders = [Path(run) for run in runs]
    data, out, cache = Path(data), Path(out), path_or_none(cache)
    require_apart(out, folders)
    reports = read_reports(folders)
    labels = run_labels(folders)
    configs = [_config(run, report) for run, report in zip(folders, reports, strict=True)]
    for run, report, config in zip(labels, reports, configs, strict=True):
        _require_same(labels[0], reports[0].data, run, report.data)
        if report.tree != reports[0].tree:
            raise TrainingError(
                f"{labels[0]} and {run} have different parents above their labels; train them with "
                "the same data.parents."
            )
        if config.input != configs[0].input:
            raise TrainingError(
                f"{labels[0]} and {run} take different images ({configs[0].input} and "
                f"{config.input}); an ensemble has one input for all."
            )
    config = replace(configs[0], name=name, version=version, mlflow=False)
    made_from = _made_from(config, labels, configs)
    if kept := finished(config, made_from, data, out, cache):
        return kept
    with only_writer(out):
        # Another command may have finished it meanwhile.
        if kept := finished(config, made_from, data, out, cache):
            return kept
        if (groups := folders[0] / GROUPS_FILE).exists():
            # Computed again on another machine, they might divide the images differently.
            shutil.copy(groups, out / GROUPS_FILE)
        images = load_training_data(data, configs[0], cache or out / CACHE_FOLDER, out)
        _require_images(data, images, labels[0], reports[0].data)
        members = [
            load_fitted(config, images, run) for run, config in zip(folders, configs, strict=True)
        ]
        report = finish(config, images, _joined(members), out, made_from)
        if cache is None:
            shutil.rmtree(out / CACHE_FOLDER, ignore_errors=True)
    return report


def _config(run: Path, report: Report) -> TrainConfig:
    if report.recipe == "adopted":
        raise TrainingError(f"{run} was trained elsewhere, so it has no checkpoint to combine.")
    if MEMBERS in report.config:
        raise TrainingError(f"{run} is an ensemble itself; name its members instead.")
    # A field that runs of earlier versions lack.
    data = {"skip_unreadable": False, **report.config.get("data", {})}
    return strict.parse(TrainConfig, {**report.config, "data": data}, f"{run}: config")


def _require_same(first: str, expected: DataSummary, run: str, found: DataSummary) -> None:
    if found.labels != expected.labels:
        only = sorted(set(found.labels) ^ set(expected.labels))
        raise TrainingError(
            f"{first} and {run} have different labels ({', '.join(only) or 'in another order'}); "
            "the members of an ensemble need the same."
        )
    for part in ("train", "validation", "test"):
        if getattr(found, part).sha256 != getattr(expected, part).sha256:
            raise TrainingError(
                f"{first} and {run} have different {part} images, so one may have been trained "
                "on test images of the other. Train them on the same split (same data, same seed)."
            )


def _require_images(folder: Path, images: TrainingData, run: str, expected: DataSummary) -> None:
    splits = images.splits
    for part, found in (
        ("train", splits.train),
        ("validation", splits.validation),
        ("test", splits.test),
    ):
        if found.sha256 != getattr(expected, part).sha256:
            raise TrainingError(
                f"{folder}: its {part} images are not those that {run} was made from."
            )


def _joined(members: Sequence[Fitted]) -> Fitted:
    networks = [cast(ConvNet, member.model) for member in members]
    return Fitted(
        model=Ensemble(networks).eval(),
        history=(),
        best_epoch=0,
        stopped_early=False,
        seconds=sum(member.seconds for member in members),
        probe=None,
    )


def _made_from(
    config: TrainConfig, runs: Sequence[str], configs: Sequence[TrainConfig]
) -> dict[str, Any]:
    """The config of an ensemble: what its members share, and the config of each."""
    made_from: dict[str, Any] = strict.to_dict(config)
    names = " + ".join(member.model.name for member in configs)
    return made_from | {
        "model": {"name": f"ensemble of {names}"},
        MEMBERS: {run: strict.to_dict(member) for run, member in zip(runs, configs, strict=True)},
    }
