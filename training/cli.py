"""The commands ``train``, ``export`` and ``evaluate``, to be mounted on ``visionflow``.

The training stack is imported when a command runs, not when the command line is read: everything
else of it works without torch.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.config import CONFIGS, load_config
from visionflow import strict

if TYPE_CHECKING:
    from training.evaluation.metrics import Evaluation
    from training.report.report import Report

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parsers(commands: "Commands") -> None:
    """Add the commands; each sets ``run``, a function from its arguments to the exit code."""
    for name, run, summary in (
        ("train", _train, "train a network and write its artifact; goes on where a run was killed"),
        ("export", _export, "write the artifact of a finished run again"),
    ):
        parser = commands.add_parser(name, help=summary, description=summary)
        parser.set_defaults(run=run)
        names = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.toml")))
        parser.add_argument("--config", required=True, help=f"a TOML file, or one of: {names}")
        parser.add_argument(
            "--data", type=Path, required=True, help="folder with train/ and test/ of class folders"
        )
        parser.add_argument("--out", type=Path, required=True, help="folder of the run")
        _add_json(parser)
    summary = "measure an artifact on a folder of class folders, as it serves"
    parser = commands.add_parser("evaluate", help=summary, description=summary)
    parser.set_defaults(run=_evaluate)
    parser.add_argument("artifact", type=Path, help="folder with a manifest.json")
    parser.add_argument("data", type=Path, help="folder of class folders")
    _add_json(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def _train(arguments: argparse.Namespace) -> int:
    from training.train import train  # noqa: PLC0415

    report = train(load_config(arguments.config), arguments.data, arguments.out)
    return _print_report(report, arguments)


def _export(arguments: argparse.Namespace) -> int:
    from training.train import export  # noqa: PLC0415

    report = export(load_config(arguments.config), arguments.data, arguments.out)
    return _print_report(report, arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from training.evaluation.measure import measure_folder  # noqa: PLC0415

    evaluation = measure_folder(arguments.artifact, arguments.data)
    if arguments.json:
        return _print_json(evaluation)
    _print_evaluation("pictures", evaluation)
    for scores in evaluation.classes:
        print(
            f"  {scores.label:20} precision {scores.precision:.3f}  recall {scores.recall:.3f}  "
            f"F1 {scores.f1:.3f}  ({scores.pictures:,})"
        )
    return 0


def _print_report(report: "Report", arguments: argparse.Namespace) -> int:
    if arguments.json:
        return _print_json(report)
    print(f"{'form':8}{'MB':>8}{'p50 ms':>10}{'validation top-1':>20}")
    for model in report.models:
        print(
            f"{model.form:8}{model.bytes / 1e6:8.2f}{model.latency_p50_ms:10.3f}"
            f"{model.validation_top1:20.2%}"
        )
    _print_evaluation("test pictures", report.test)
    print(f"Serves {report.served}. The artifact is in {arguments.out}.")
    return 0


def _print_evaluation(what: str, evaluation: "Evaluation") -> None:
    print(
        f"{evaluation.pictures:,} {what}: top-1 {evaluation.top1:.2%}, "
        f"top-5 {evaluation.top5:.2%}, macro F1 {evaluation.macro_f1:.4f}, "
        f"ECE {evaluation.ece:.4f}; {evaluation.known:.2%} known, "
        f"of these {evaluation.known_top1:.2%} right"
    )


def _print_json(data: Any) -> int:
    print(json.dumps(strict.to_dict(data), ensure_ascii=False), flush=True)
    return 0
