"""``visionflow tune | compare | ensemble | plots``: commands on several runs, or finished ones."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from training.cli.experiments import add_experiment, experiment, images_folder, require_data
from training.cli.options import add_command, add_json, answer, print_table
from training.cli.results import print_report
from training.cli.stopping import stoppable
from training.stop import check_stop
from training.texts.progress import naming_steps
from training.texts.terminal import say

if TYPE_CHECKING:
    from training.cli.options import Commands
    from training.compare.comparison import ComparedRun, Comparison
    from training.results.scores import Interval
    from training.tune.outcome import TuneReport
    from visionflow.models.manifest import Precision


def add_parsers(commands: "Commands") -> None:
    """Add the commands; each sets ``run``, a function from its arguments to the exit code."""
    summary = "Search for a config's best settings, or continue a killed search."
    parser = add_command(commands, "tune", _tune, summary)
    add_experiment(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the search")
    parser.add_argument("--trials", type=int, help="finished trials in all (default: the config's)")
    parser.add_argument(
        "--seconds",
        type=float,
        help="start no trial later (default: the config's)",
    )
    add_json(parser)
    summary = "Compare finished runs: accuracy, size, latency, training time, fit."
    parser = add_command(commands, "compare", _compare, summary)
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folder of a finished run"
    )
    parser.add_argument("--out", type=Path, help="write page, plots and JSON into this folder")
    parser.add_argument(
        "--allow-different-data",
        action="store_true",
        help="compare runs that were measured on different test images, marked as such",
    )
    parser.add_argument(
        "--time-again",
        action="store_true",
        help="measure the latencies of all models now, side by side, instead of the reports' own",
    )
    add_json(parser)
    summary = "Make one model that averages the logits of finished runs, with the usual gate."
    parser = add_command(commands, "ensemble", _ensemble, summary)
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="folder of a finished run"
    )
    parser.add_argument("--data", required=True, help="the images of the runs, as for train")
    parser.add_argument("--cache", type=Path, help="keep decoded images here for further runs")
    parser.add_argument("--out", type=Path, required=True, help="folder of the ensemble")
    parser.add_argument("--name", default="ensemble", help="name of the model (default: ensemble)")
    parser.add_argument("--version", default="1.0.0", help="version of the model (default: 1.0.0)")
    add_json(parser)
    summary = "Draw the plots of a run, a comparison or a search again, as SVG."
    parser = add_command(commands, "plots", _plots, summary)
    parser.add_argument("results", type=Path, help="folder of a run, a comparison or a search")
    parser.add_argument("--out", type=Path, required=True, help="folder for the SVG files")
    add_json(parser)


@stoppable()
def _tune(arguments: argparse.Namespace) -> int:
    config = experiment(arguments)
    require_data(arguments.data)

    from training.fit.fit import check_start  # noqa: PLC0415
    from training.tune.search import BEST_FILE, tune  # noqa: PLC0415

    check_stop()  # Torch took a while.
    # Images in S3 are brought here first, which may take long.
    check_start(config, arguments.out)
    given = {"trials": arguments.trials, "seconds": arguments.seconds}
    budget = {name: value for name, value in given.items() if value is not None}
    config = replace(config, tune=replace(config.tune, **budget))
    report = tune(config, images_folder(arguments), arguments.out, arguments.cache)
    best = f"--config {arguments.out / BEST_FILE} --data {arguments.data} --out RUN"
    answer(arguments, report, lambda: _print_search(report, best))
    return 0


def _print_search(report: "TuneReport", best: str) -> None:
    print_table(_trial_rows(report))
    say(
        f"Best: trial {report.best} with {report.best_top1:.2%} validation accuracy. Train it with "
        f"'visionflow train {best}'."
    )


def _trial_rows(report: "TuneReport") -> Iterator[Sequence[str]]:
    from training.tune.outcome import shown  # noqa: PLC0415

    fields = list(report.best_values)
    yield "TRIAL", "STATE", "VALIDATION", "EPOCHS", *fields
    for trial in report.trials:
        top1 = "" if trial.top1 is None else f"{trial.top1:.2%}"
        values = [shown(trial.values.get(field, "")) for field in fields]
        yield str(trial.number), trial.state, top1, str(trial.epochs), *values
    if report.importance:
        shares = [f"{report.importance.get(field, 0):.0%}" for field in fields]
        yield "", "importance", "", "", *shares


@naming_steps()
def _compare(arguments: argparse.Namespace) -> int:
    from training.runs import read_reports  # noqa: PLC0415

    # Before what draws is imported.
    read_reports(arguments.runs)

    from training.compare.compare import compare  # noqa: PLC0415

    comparison = compare(
        arguments.runs,
        arguments.out,
        allow_different_data=arguments.allow_different_data,
        time_again=arguments.time_again,
    )
    answer(arguments, comparison, lambda: _print_comparison(comparison, arguments.out))
    return 0


def _print_comparison(comparison: "Comparison", out: Path | None) -> None:
    print_table(_run_rows(comparison))
    if comparison.same_test:
        say(comparison.outcome.en)
    for run in comparison.runs:
        say(f"{run.run}: {run.verdict.text}")
        if run.fallback_reason:
            say(f"{run.run}: serves fp32: {run.fallback_reason}")
    for differs, sentence in (
        (
            not comparison.same_test,
            "The test images differ: compare only runs with the same test set.",
        ),
        (not comparison.same_training, "The runs were not all trained on the same images."),
        (not comparison.same_hardware, "The machines differ: the times cannot be compared."),
    ):
        if differs:
            say(f"Note: {sentence}")
    if out is not None:
        from training.compare.page import PAGE_FILE  # noqa: PLC0415

        say(f"Look at {out / PAGE_FILE}.")


def _run_rows(comparison: "Comparison") -> Iterator[Sequence[str]]:
    top5 = ("TOP-5",) if comparison.tells_top5 else ()
    yield (
        *(
            "RUN",
            "MODEL",
            "TEST SET",
            "TOP-1",
            "95% INTERVAL",
            *top5,
            "F1",
            "VALIDATION",
            "PARAMETERS",
        ),
        *("FP32", "INT8", "SERVES", "P50", "TRAINING", "FIT"),
    )
    for run in comparison.runs:
        yield (
            *(run.run, run.model, run.test_set, f"{run.top1:.2%}", _range(run.top1_interval)),
            *("" if run.top5 is None else f"{run.top5:.2%}" for _ in top5),
            *(f"{run.macro_f1:.4f}", f"{run.validation_top1:.2%}", f"{run.parameters:,}"),
            *(_megabytes(run, "fp32"), _megabytes(run, "int8"), run.served),
            f"{run.served_measure.latency_p50_ms:.2f} ms",
            f"{run.train_seconds:.0f} s",
            run.verdict.judgement,
        )


def _range(interval: "Interval") -> str:
    return f"{interval.low:.2%} to {interval.high:.2%}"


def _megabytes(run: "ComparedRun", form: "Precision") -> str:
    measure = run.measure(form)
    return "" if measure is None else f"{measure.bytes / 1e6:.2f} MB"


@stoppable()
def _ensemble(arguments: argparse.Namespace) -> int:
    from training.runs import read_reports  # noqa: PLC0415

    require_data(arguments.data)
    # Before torch is imported.
    read_reports(arguments.runs)

    from training.ensembling import ensemble  # noqa: PLC0415

    check_stop()
    report = ensemble(
        arguments.runs,
        images_folder(arguments),
        arguments.out,
        name=arguments.name,
        version=arguments.version,
        cache=arguments.cache,
    )
    return print_report(report, arguments)


def _plots(arguments: argparse.Namespace) -> int:
    from training.vector_plots import draw_vector_plots  # noqa: PLC0415

    files = [str(file) for file in draw_vector_plots(arguments.results, arguments.out)]
    answer(arguments, {"files": files}, lambda: say("\n".join(files)))
    return 0
