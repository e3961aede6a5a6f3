"""``visionflow evaluate``: measure an artifact as it serves."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from training.cli.options import add_command, add_json, answer
from training.cli.results import print_classes, print_strangers
from training.cli.stopping import stoppable
from training.errors import TrainingError
from visionflow.part_names import part_of

if TYPE_CHECKING:
    from training.cli.options import Commands


def add_parsers(commands: "Commands") -> None:
    """Add the command; it sets ``run``, a function from its arguments to the exit code."""
    summary = "Measure an artifact, as it serves, on class folders or on a part of its own images."
    parser = add_command(commands, "evaluate", _evaluate, summary)
    parser.add_argument("artifact", type=Path, help="folder with a manifest.json")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        help="folder of class folders; with --part the run's images (default: where they were)",
    )
    parser.add_argument(
        "--part", metavar="test|val|train", help="measure on this part of the run's own images"
    )
    parser.add_argument(
        "--strangers",
        action="store_true",
        help="DATA is any folder of images that show nothing the model was taught: count how many "
        "of them get an answer",
    )
    add_json(parser)


@stoppable()
def _evaluate(arguments: argparse.Namespace) -> int:
    from training.evaluation.measure import measure_folder, measure_part  # noqa: PLC0415
    from training.evaluation.unknown.answers import measure_strangers  # noqa: PLC0415

    artifact, data = arguments.artifact, arguments.data
    if arguments.part is not None:
        part = part_of(arguments.part)
        if part is None or arguments.strangers:
            raise TrainingError(
                f"--part {arguments.part}: one of test, val and train is expected, and no "
                "--strangers."
            )
        from training.run_folder import dataset_of  # noqa: PLC0415

        scores = measure_part(artifact, part, data or dataset_of(artifact, "DATA"))
        answer(arguments, scores, lambda: print_classes(scores, part))
        return 0
    if data is None:
        raise TrainingError("DATA is missing: name a folder of class folders, or a --part.")
    if arguments.strangers:
        shares = measure_strangers(artifact, data)
        answer(arguments, shares, lambda: print_strangers(shares))
        return 0
    scores = measure_folder(artifact, data)
    answer(arguments, scores, lambda: print_classes(scores))
    return 0
