"""The commands that train and measure, to be mounted on ``visionflow``.

The training stack is imported when a command runs, not when the command line is read: everything
else of it works without torch.
"""

import argparse
import json
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from training.cli import data
from training.config import ModelName, Recipe, TrainConfig, committed_configs, load_config
from visionflow import strict
from visionflow.errors import ConfigError

if TYPE_CHECKING:
    from training.results.report import Report
    from training.results.scores import Evaluation

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

# Flags that replace one field of the config each.
_FLAGS = {
    "model": "model.name",
    "weights": "model.weights",
    "grow_from": "model.grow_from",
    "recipe": "recipe",
    "seed": "seed",
    "name": "name",
    "version": "version",
}


def add_parsers(commands: "Commands") -> "Commands":
    """Add the commands; each sets ``run``, a function from its arguments to the exit code.

    Returns the steps of ``data``, for others to join.
    """
    for name, run, summary in (
        ("train", _train, "train a network and write its artifact; goes on where a run was killed"),
        ("export", _export, "write the artifact of a finished run again"),
    ):
        parser = commands.add_parser(name, help=summary, description=summary)
        parser.set_defaults(run=run)
        add_experiment(parser)
        parser.add_argument("--out", type=Path, required=True, help="folder of the run")
        add_json(parser)
    data_steps = data.add_parsers(commands)
    summary = "measure an artifact on a folder of class folders, as it serves"
    parser = commands.add_parser("evaluate", help=summary, description=summary)
    parser.set_defaults(run=_evaluate)
    parser.add_argument("artifact", type=Path, help="folder with a manifest.json")
    parser.add_argument("data", type=Path, help="folder of class folders")
    add_json(parser)
    return data_steps


def add_experiment(parser: argparse.ArgumentParser) -> None:
    """The options that `experiment` and `images_folder` read."""
    names = ", ".join(committed_configs())
    parser.add_argument("--config", required=True, help=f"a TOML file, or one of: {names}")
    parser.add_argument(
        "--data",
        required=True,
        help="class folders, or train/ (validation/, test/) of class folders; a folder or s3://",
    )
    parser.add_argument("--cache", type=Path, help="keep decoded images here for further runs")
    parser.add_argument("--model", choices=get_args(ModelName))
    parser.add_argument("--recipe", choices=get_args(Recipe))
    parser.add_argument("--weights", help="'imagenet', 'none' or a file")
    parser.add_argument("--grow-from", metavar="RUN", help="add classes to this finished run")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--name", help="of the model")
    parser.add_argument("--version", help="of the model")
    parser.add_argument(
        "--set",
        dest="fields",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="any other field of the config, its value as in TOML: --set scratch.epochs=3",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON for machines")


def experiment(arguments: argparse.Namespace) -> TrainConfig:
    """The config with what the flags replace. Raises `ConfigError`."""
    given = {field: getattr(arguments, flag) for flag, field in _FLAGS.items()}
    overrides = {field: value for field, value in given.items() if value is not None}
    for assignment in arguments.fields:
        field, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: expected FIELD=VALUE")
        overrides[field.strip()] = toml_value(value)
    return load_config(arguments.config, overrides)


def images_folder(arguments: argparse.Namespace) -> Path:
    """``--data`` as a local folder; what lies in S3 is copied beside the run first."""
    from training.data.sources.remote import local_folder  # noqa: PLC0415

    cache: Path | None = arguments.cache
    return local_folder(arguments.data, (cache or arguments.out) / "images")


def print_json(data: Any) -> int:
    print(json.dumps(strict.to_dict(data), ensure_ascii=False), flush=True)
    return 0


def toml_value(text: str) -> Any:
    """A TOML value; a bare word is taken for a string."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _train(arguments: argparse.Namespace) -> int:
    from training.fit.fit import check_start  # noqa: PLC0415
    from training.train import assist, train  # noqa: PLC0415

    config = experiment(arguments)
    # Images in S3 are brought here first, which may take long.
    check_start(config, arguments.out)
    folder = images_folder(arguments)
    if int(os.environ.get("RANK", "0")) > 0:
        assist(config, folder, arguments.out, arguments.cache)
        return 0
    return print_report(train(config, folder, arguments.out, arguments.cache), arguments)


def _export(arguments: argparse.Namespace) -> int:
    from training.train import export  # noqa: PLC0415

    config, folder = experiment(arguments), images_folder(arguments)
    return print_report(export(config, folder, arguments.out, arguments.cache), arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from training.evaluation.measure import measure_folder  # noqa: PLC0415

    evaluation = measure_folder(arguments.artifact, arguments.data)
    if arguments.json:
        return print_json(evaluation)
    _print_evaluation("images", evaluation)
    for scores in evaluation.classes:
        if scores.precision is not None and scores.recall is not None and scores.f1 is not None:
            print(
                f"  {scores.label:20} precision {scores.precision:.3f}  "
                f"recall {scores.recall:.3f}  F1 {scores.f1:.3f}  ({scores.images:,})"
            )
    if evaluation.unmeasured:
        print(f"  no images of: {', '.join(evaluation.unmeasured)}")
    return 0


def print_report(report: "Report", arguments: argparse.Namespace) -> int:
    if arguments.json:
        print_json(report)
    else:
        _print_findings(report, arguments.out)
    return 0 if all(check.passed for check in report.gate) else 1


def _print_findings(report: "Report", out: Path) -> None:
    from training.export.latency import lightening_table  # noqa: PLC0415

    print(lightening_table(report.models))
    _print_evaluation("test images", report.test)
    print(report.verdict.text)
    if report.quantization.fallback_reason:
        print(f"int8 was not accepted: {report.quantization.fallback_reason}")
    for check in report.gate:
        if not check.passed:
            print(f"GATE: {check.name} is {check.value:.4g}, at most {check.limit:.4g} is allowed")
    print(f"Serves {report.served}. Look at {out / 'report.html'}.")


def _print_evaluation(what: str, evaluation: "Evaluation") -> None:
    print(
        f"{evaluation.images:,} {what}: top-1 {evaluation.top1:.2%}, "
        f"top-5 {evaluation.top5:.2%}, macro F1 {evaluation.macro_f1:.4f}, "
        f"ECE {evaluation.ece:.4f}; {evaluation.known:.2%} known, "
        f"of these {evaluation.known_top1:.2%} right"
    )
