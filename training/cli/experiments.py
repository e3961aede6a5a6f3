"""The commands that train and measure, to be mounted on ``visionflow``.

The training stack is imported when a command runs, not when the command line is read: what trains
no network works without torch.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from training.cli.options import add_command, add_group_by, add_json, add_set, fields_set
from training.cli.results import print_report
from training.cli.stopping import stoppable
from training.config import (
    NETWORKS,
    Recipe,
    TrainConfig,
    check_recipe,
    committed_configs,
    load_config,
)
from training.errors import DatasetError
from training.stop import check_stop
from visionflow.errors import ConfigError

if TYPE_CHECKING:
    from training.cli.options import Commands

INSTANT: Final = "instant"
"""A recipe, and the config that it takes where none is named."""

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
    summary = "Train a model from a folder of images, or continue a killed run."
    parser = add_command(commands, "train", _train, summary)
    add_experiment(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    add_json(parser)
    summary = "Write the artifact of a trained run again, with other settings of the export."
    parser = add_command(commands, "export", _export, summary)
    parser.add_argument("trained", type=Path, metavar="RUN", help="folder of a trained run")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of the new artifact (default: RUN, where it has none yet)",
    )
    parser.add_argument("--data", help="images of the run (default: where they were)")
    parser.add_argument("--cache", type=Path, help="keep decoded images here for further runs")
    parser.add_argument("--name", help="name of the model")
    parser.add_argument("--version", help="version of the model")
    add_set(parser, "export.opset=18")
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
    add_config_options(parser)


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """The options that replace fields of the config."""
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
        help=f"network to train: timm:NAME, or one of {', '.join(NETWORKS)}; for probe several, "
        "joined by +",
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
    source, overrides, _ = source_and_overrides(arguments)
    return load_config(source, overrides, _given_by(arguments))


def source_and_overrides(
    arguments: argparse.Namespace,
) -> tuple[str, dict[str, Any], dict[str, str]]:
    """What `load_config` takes, and the flag that gave a field its value, where it is not --set.
    Raises `ConfigError` where no config is named."""
    source = arguments.config or (INSTANT if arguments.recipe == INSTANT else None)
    if source is None:
        names = ", ".join(committed_configs())
        raise ConfigError(
            f"--config is missing: name a TOML file or one of {names}, or take --recipe {INSTANT}, "
            "which needs none."
        )
    given, fields = _given(arguments, tuple(_FLAGS)), fields_set(arguments)
    flags = {
        _FLAGS[flag]: f"--{flag.replace('_', '-')}"
        for flag in _FLAGS
        if _FLAGS[flag] in given.keys() - fields.keys()
    }
    return source, given | fields, flags


def require_data(source: str | None) -> None:
    """Raise `DatasetError` for a folder or file that is missing, before torch is imported."""
    if source is not None and not source.startswith("s3://") and not Path(source).exists():
        raise DatasetError(f"{source}: no such folder; expected one folder of images per class")


def _given(arguments: argparse.Namespace, flags: Sequence[str]) -> dict[str, Any]:
    """The fields that ``flags`` replace."""
    given = {_FLAGS[flag]: getattr(arguments, flag) for flag in flags}
    return {field: value for field, value in given.items() if value is not None}


def _given_by(arguments: argparse.Namespace) -> str:
    """What is to blame for a field that is off."""
    return "--set" if arguments.fields else "command line"


def images_folder(arguments: argparse.Namespace) -> Path:
    """``--data`` as a local folder; what is in S3, or of another form, is copied beside the run
    first."""
    from training.data.sources.dataset_folder import dataset_folder  # noqa: PLC0415

    cache: Path | None = arguments.cache
    return dataset_folder(arguments.data, (cache or arguments.out) / "images")


@stoppable()
def _train(arguments: argparse.Namespace) -> int:
    config = experiment(arguments)
    require_data(arguments.data)
    if config.recipe == INSTANT:
        from training.instant.instant import instant  # noqa: PLC0415

        report = instant(config, images_folder(arguments), arguments.out, arguments.cache)
        return print_report(report, arguments)

    check_recipe(config)

    from training.fit.fit import check_start  # noqa: PLC0415
    from training.train import assist, train  # noqa: PLC0415

    check_stop()  # Torch took a while.
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
    from training.run_folder import dataset_of  # noqa: PLC0415

    run, out = arguments.trained, arguments.out
    require_data(arguments.data)
    if arguments.data is None:
        arguments.data = str(dataset_of(run, "--data"))

    from training.train import export, trained_config  # noqa: PLC0415

    check_stop()
    overrides = _given(arguments, ("name", "version")) | fields_set(arguments)
    config = trained_config(run, overrides, _given_by(arguments))
    # What --data brings here lies beside what is written.
    arguments.out = out or run
    report = export(config, images_folder(arguments), run, arguments.cache, out)
    return print_report(report, arguments)
