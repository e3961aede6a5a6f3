"""What the commands that train and measure print of their results."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from training.cli.options import answer, print_table
from training.texts.terminal import say
from visionflow.models.gate import GATE_EXIT_CODE, PROVES

if TYPE_CHECKING:
    from training.results.levels import Levels
    from training.results.report import Report
    from training.results.scores import Evaluation, Interval
    from training.results.unknown import AnswerShares, FolderScores

SHOWN_COVERAGE = 0.95
MOST_CLASSES = 40


def print_strangers(shares: "AnswerShares") -> None:
    say(f"{shares.images:,} images, mean confidence {shares.confidence:.2f}")
    print_table(
        (f"  {name}", f"{value:.2%}", f"95% interval {interval.low:.2%} to {interval.high:.2%}")
        for name, value, interval in (
            ("answered", shares.answered, shares.answered_interval),
            ("unsure", shares.unsure, shares.unsure_interval),
            ("unfamiliar", shares.unfamiliar, shares.unfamiliar_interval),
        )
    )


def print_classes(evaluation: "FolderScores", own_part: str | None = None) -> None:
    """``own_part``: of the run, where that is what was measured on."""
    _print_evaluation("images", evaluation)
    _print_known(evaluation, own_part)
    say(f"  unsure {evaluation.unsure:.2%}, unfamiliar {evaluation.unfamiliar:.2%}")
    for found in evaluation.prediction_sets:
        if found.coverage == SHOWN_COVERAGE:
            say(
                f"  {found.coverage:.0%} prediction set: holds the truth in {found.measured:.2%} "
                f"({found.interval.low:.2%} to {found.interval.high:.2%}), "
                f"{found.mean_size:.2f} labels on average"
            )
    if evaluation.levels:
        _print_levels(evaluation.levels)
    measured = [scores for scores in evaluation.classes if scores.f1 is not None]
    shown = measured
    if len(measured) > MOST_CLASSES:
        shown = sorted(measured, key=lambda scores: scores.f1 or 0)[:MOST_CLASSES]
        say(f"  the {MOST_CLASSES} classes with the lowest F1; --json lists all {len(measured):,}")
    for scores in shown:
        if scores.precision is not None and scores.recall is not None and scores.f1 is not None:
            say(
                f"  {scores.label:20} precision {scores.precision:.3f}  "
                f"recall {scores.recall:.3f}  F1 {scores.f1:.3f}  ({scores.images:,})"
            )
    if missing := evaluation.unmeasured:
        more = f" and {left:,} more" if (left := len(missing) - MOST_CLASSES) > 0 else ""
        say(f"  no images of: {', '.join(missing[:MOST_CLASSES])}{more}")


def _print_known(evaluation: "FolderScores", own_part: str | None) -> None:
    known = evaluation.known_to_run
    if known is None:
        return
    for part, count, what in (
        ("train", known.train, "the model was trained on them"),
        ("validation", known.validation, "epoch, threshold and int8 were chosen by them"),
    ):
        if count and part == own_part:
            say(f"  These are the {part} images of the run: {what}, so the scores flatter it.")
        elif count:
            say(
                f"  Warning: {count:,} of {evaluation.images:,} are {part} images of the run: "
                f"{what}, so the scores flatter it."
            )


def _print_levels(levels: "Levels") -> None:
    for one in levels.levels:
        say(
            f"  level {one.level} ({one.names:,} names): top-1 {one.top1:.2%} "
            f"({one.top1_interval.low:.2%} to {one.top1_interval.high:.2%}), ECE {one.ece:.4f}"
        )
    served = levels.served
    say(
        f"  confidence from {served.threshold:.2f} on: a label for {served.leaf:.2%}, a parent for "
        f"{served.parent:.2%}, right at the level named for {served.right:.2%} of these"
    )


def print_report(report: "Report", arguments: argparse.Namespace) -> int:
    answer(arguments, report, lambda: _print_findings(report, arguments.out))
    return 0 if all(check.passed for check in report.gate) else GATE_EXIT_CODE


def _print_findings(report: "Report", out: Path) -> None:
    from training.export.latency import lightening_table  # noqa: PLC0415

    say(lightening_table(report.models))
    _print_evaluation("test images", report.test)
    if report.levels:
        _print_levels(report.levels)
    say(report.verdict.text)
    if report.quantization.fallback_reason:
        say(f"int8 is not served: {report.quantization.fallback_reason}")
    if report.never_unsure:
        say(
            "The threshold holds no answer back: this model never answers that it is unsure."
            if report.unfamiliar
            else "The threshold holds no answer back: this model never answers unknown."
        )
    say(PROVES)
    for check in report.gate:
        if not check.passed:
            say(f"Gate: {check.name} is {check.value:.4g}, at most {check.limit:.4g} is allowed")
    say(f"Serves {report.served}. Look at {out / 'report.html'}.")


def _print_evaluation(what: str, evaluation: "Evaluation") -> None:
    top5 = f"top-5 {evaluation.top5:.2%}, " if evaluation.tells_top5 else ""
    say(
        f"{evaluation.images:,} {what}: top-1 {evaluation.top1:.2%} "
        f"({_range(evaluation.top1_interval)}), "
        f"{top5}macro F1 {evaluation.macro_f1:.4f}, ECE {evaluation.ece:.4f}"
    )
    right = (
        f"; {evaluation.known_top1:.2%} of these right ({_range(evaluation.known_top1_interval)})"
    )
    say(
        f"  answered: {evaluation.answered:,} of {evaluation.images:,}, {evaluation.known:.2%} "
        f"({_range(evaluation.known_interval)}){right if evaluation.answered else ''}"
    )


def _range(interval: "Interval") -> str:
    return f"95% interval {interval.low:.2%} to {interval.high:.2%}"
