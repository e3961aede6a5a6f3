"""The commands that train and measure, to be mounted on ``visionflow``.

The training stack is imported when a command runs, not when the command line is read: what trains
no network works without torch.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from training.cli.options import (
    add_command,
    add_group_by,
    add_json,
    add_set,
    answer,
    fields_set,
    print_table,
)
from training.config import NETWORKS, Recipe, TrainConfig, committed_configs, load_config
from training.stop import Stop, stop_on_signals
from training.texts.terminal import say
from visionflow.errors import ConfigError
from visionflow.models.gate import GATE_EXIT_CODE, PROVES

if TYPE_CHECKING:
    from training.cli.options import Commands
    from training.results.levels import Levels
    from training.results.report import Report
    from training.results.scores import Evaluation, Interval
    from training.results.unknown import AnswerShares, FolderScores

INSTANT: Final = "instant"
"""A recipe, and the config that it takes where none is named."""

SHOWN_COVERAGE = 0.95
MOST_CLASSES = 40

# Each of these options replaces one field of the config.
_FLAGS = {
    "model": "model.name",
    "weights": "model.weights",
    "grow_from": "model.grow_from",
    "group_by": "data.group_by",
    "skip_unreadable": "data.skip_unreadable",
    "recipe": "recipe",
    "seed": "seed",
    "name": "name",
    "version": "version",
}


def add_parsers(commands: "Commands") -> None:
    """Add the commands; each sets ``run``, a function from its arguments to the exit code."""
    for name, run, summary in (
        (
            "train",
            _train,
            "Train a model from a folder of images, or continue a killed run.",
        ),
        ("export", _export, "Write the artifact of a finished run again."),
    ):
        parser = add_command(commands, name, run, summary)
        add_experiment(parser)
        parser.add_argument("--out", type=Path, required=True, help="folder of the run")
        add_json(parser)
    summary = "Measure an artifact, as it serves, on a folder of class folders."
    parser = add_command(commands, "evaluate", _evaluate, summary)
    parser.add_argument("artifact", type=Path, help="folder with a manifest.json")
    parser.add_argument("data", type=Path, help="folder of class folders")
    parser.add_argument(
        "--strangers",
        action="store_true",
        help="DATA is any folder of images that show nothing the model was taught: count how many "
        "of them get an answer",
    )
    add_json(parser)


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """The options that `experiment` and `images_folder` read."""
    names = ", ".join(committed_configs())
    parser.add_argument(
        "--config",
        help=f"a TOML file, or one of: {names}; --recipe {INSTANT} needs none",
    )
    parser.add_argument(
        "--data",
        required=True,
        help="class folders, or train/ (validation/, test/) of class folders: a folder, s3://, or "
        "a .zip or .tar; or a table or an export, as for 'data import'",
    )
    parser.add_argument("--cache", type=Path, help="keep decoded images here for further runs")
    add_group_by(parser)
    parser.add_argument(
        "--skip-unreadable",
        action="store_true",
        default=None,
        help="leave out files that cannot be decoded, and list them",
    )
    parser.add_argument(
        "--model",
        metavar="NAME",
        help=f"network to train: timm:NAME, or one of {', '.join(NETWORKS)}; for the recipe probe "
        "also several, joined by +",
    )
    parser.add_argument("--recipe", choices=get_args(Recipe), help="way to train it")
    parser.add_argument("--weights", help="'imagenet', 'package', 'none' or a file")
    parser.add_argument("--grow-from", metavar="RUN", help="add classes to this finished run")
    parser.add_argument("--seed", type=int, help="seed of all random choices")
    parser.add_argument("--name", help="name of the model")
    parser.add_argument("--version", help="version of the model")
    add_set(parser)


def experiment(arguments: argparse.Namespace) -> TrainConfig:
    """The config with what the flags replace. Raises `ConfigError`."""
    given = {field: getattr(arguments, flag) for flag, field in _FLAGS.items()}
    overrides = {field: value for field, value in given.items() if value is not None}
    source = arguments.config or (INSTANT if arguments.recipe == INSTANT else None)
    if source is None:
        names = ", ".join(committed_configs())
        raise ConfigError(
            f"--config is missing: name a TOML file or one of {names}, or take --recipe {INSTANT}, "
            "which needs none."
        )
    return load_config(source, overrides | fields_set(arguments))


def images_folder(arguments: argparse.Namespace) -> Path:
    """``--data`` as a local folder; what is in S3, or of another form, is copied beside the run
    first."""
    from training.data.sources.dataset_folder import dataset_folder  # noqa: PLC0415

    cache: Path | None = arguments.cache
    return dataset_folder(arguments.data, (cache or arguments.out) / "images")


@contextmanager
def stoppable() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end a command where nothing is half done; a second one ends it at
    once."""
    stop = Stop()
    with stop.heeded(), stop_on_signals(stop, "interrupted", once=True):
        yield


@stoppable()
def _train(arguments: argparse.Namespace) -> int:
    config = experiment(arguments)
    if config.recipe == INSTANT:
        from training.instant.instant import instant  # noqa: PLC0415

        report = instant(config, images_folder(arguments), arguments.out, arguments.cache)
        return print_report(report, arguments)

    from training.fit.fit import check_start  # noqa: PLC0415
    from training.train import assist, train  # noqa: PLC0415

    # Images in S3 are brought here first, which may take long.
    check_start(config, arguments.out)
    folder = images_folder(arguments)
    if int(os.environ.get("RANK", "0")) > 0:
        assist(config, folder, arguments.out, arguments.cache)
        return 0
    report = train(config, folder, arguments.out, arguments.cache)
    return print_report(report, arguments)


@stoppable()
def _export(arguments: argparse.Namespace) -> int:
    from training.train import export  # noqa: PLC0415

    config = experiment(arguments)
    report = export(config, images_folder(arguments), arguments.out, arguments.cache)
    return print_report(report, arguments)


@stoppable()
def _evaluate(arguments: argparse.Namespace) -> int:
    from training.evaluation.measure import measure_folder  # noqa: PLC0415
    from training.evaluation.unknown.answers import measure_strangers  # noqa: PLC0415

    if arguments.strangers:
        shares = measure_strangers(arguments.artifact, arguments.data)
        answer(arguments, shares, lambda: _print_strangers(shares))
        return 0
    scores = measure_folder(arguments.artifact, arguments.data)
    answer(arguments, scores, lambda: _print_classes(scores))
    return 0


def _print_strangers(shares: "AnswerShares") -> None:
    say(f"{shares.images:,} images, mean confidence {shares.confidence:.2f}")
    print_table(
        (f"  {name}", f"{value:.2%}", f"95% interval {interval.low:.2%} to {interval.high:.2%}")
        for name, value, interval in (
            ("answered", shares.answered, shares.answered_interval),
            ("unsure", shares.unsure, shares.unsure_interval),
            ("unfamiliar", shares.unfamiliar, shares.unfamiliar_interval),
        )
    )


def _print_classes(evaluation: "FolderScores") -> None:
    _print_evaluation("images", evaluation)
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
