"""Runs side by side: accuracy, size, latency, training time, over- or underfitting."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from training.compare.comparison import ComparedRun, Comparison, comparison_of
from training.compare.page import draw_comparison
from training.errors import TrainingError
from training.export.artifact import hardware
from training.export.latency import measure_latencies
from training.runs import read_reports, require_apart, run_labels
from visionflow.answers.classifier import Classifier
from visionflow.models.manifest import read_artifact

RESULT_FILE = "compare.json"


def compare(
    runs: Sequence[str | Path],
    out: str | Path | None = None,
    *,
    allow_different_data: bool = False,
    time_again: bool = False,
) -> Comparison:
    """Compare finished runs by their reports; write `RESULT_FILE`, page and plots into ``out``.

    Each report's latencies were measured at the end of its own run, under the machine's load at
    that time. ``time_again`` measures all models again, side by side.

    Raises what `read_reports` and `require_apart` do and, unless ``allow_different_data``,
    `TrainingError` for runs that were measured on different test images: their accuracies cannot be
    compared.
    """
    folders, out = [Path(run) for run in runs], None if out is None else Path(out)
    if out is not None:
        require_apart(out, folders)
    comparison = comparison_of(list(zip(run_labels(folders), read_reports(folders), strict=True)))
    if not comparison.same_test and not allow_different_data:
        sets = ", ".join(f"{run.run}: {run.test_set}" for run in comparison.runs)
        raise TrainingError(
            f"The runs were measured on different test images ({sets}), so their accuracies "
            "cannot be compared; evaluate them on the same images, or pass "
            "--allow-different-data."
        )
    if time_again:
        comparison = _timed_together(folders, comparison)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        draw_comparison(comparison, out)
        (out / RESULT_FILE).write_text(comparison.to_json(), encoding="utf-8")
    return comparison


def _timed_together(runs: Sequence[Path], comparison: Comparison) -> Comparison:
    """``comparison`` with latencies measured now. Raises `ArtifactError` for a damaged artifact."""
    answers: dict[str, Callable[[], object]] = {}
    for folder, run in zip(runs, comparison.runs, strict=True):
        manifest = read_artifact(folder)
        side = manifest.input.size
        image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), np.uint8)
        for precision, entry in manifest.files.items():
            classifier = Classifier(folder / entry.path, manifest)
            answers[f"{run.run} {precision}"] = partial(classifier.run, image)
    latencies = measure_latencies(answers)

    def timed(run: ComparedRun) -> ComparedRun:
        measures = tuple(
            replace(measure, latency_p50_ms=latencies.p50(f"{run.run} {measure.form}"))
            for measure in run.measures
            # An artifact may leave out the form that does not serve.
            if f"{run.run} {measure.form}" in answers
        )
        return replace(run, measures=measures, hardware=hardware())

    return Comparison(timed_together=True, runs=tuple(map(timed, comparison.runs)))
