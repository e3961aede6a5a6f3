"""``visionflow adopt``: serve a model that was trained elsewhere."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from training.cli.experiments import images_folder, require_data
from training.cli.options import add_command, add_group_by, add_json, add_set, fields_set
from training.cli.results import print_report
from training.cli.stopping import stoppable
from training.errors import TrainingError
from training.texts.terminal import say

if TYPE_CHECKING:
    from training.adopt.adopt import Adopted, Wanted
    from training.adopt.pixels import Pixels
    from training.cli.options import Commands

_ONNX = ".onnx"
# Each of these options replaces one field of the config.
_FLAGS = {"name": "name", "version": "version", "seed": "seed", "group_by": "data.group_by"}
_LEVELS = 255


def add_parsers(commands: "Commands") -> None:
    """Add the command; it sets ``run``, a function from its arguments to the exit code."""
    summary = "Make the artifact of a model that was trained elsewhere, proven on your images."
    parser = add_command(commands, "adopt", _adopt, summary)
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="an ONNX file, or with --model a checkpoint, 'imagenet' or 'package'",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        required=True,
        help="a text file with a label a line, in the order of the outputs, or a CSV of label and, "
        "where there are any, parent and folder",
    )
    parser.add_argument(
        "--parents", type=Path, help="a CSV of label and parent: labels above labels"
    )
    parser.add_argument(
        "--data",
        required=True,
        help="class folders of the labels, or of some of them, or train/ (validation/, test/) of "
        "these; a folder or s3://",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the artifact")
    parser.add_argument("--cache", type=Path, help="keep decoded images here for further runs")
    parser.add_argument(
        "--model", dest="network", help="the network of a checkpoint, such as timm:NAME"
    )
    parser.add_argument("--output", metavar="NAME", help="the output of an ONNX file with several")
    parser.add_argument(
        "--normalise",
        metavar="NAME",
        help="pixels that an ONNX file wants: imagenet, 0..1, -1..1, lite, 0..255 or caffe "
        "(default: the best on training images)",
    )
    for name in ("mean", "std"):
        parser.add_argument(
            f"--{name}",
            metavar="R,G,B",
            help=f"{name} of pixels of 0..1, instead of --normalise",
        )
    parser.add_argument("--size", type=int, help="side of the image in pixels, where MODEL has any")
    parser.add_argument(
        "--resize", type=int, help="shorter side before the crop (default: size / 0.875)"
    )
    parser.add_argument(
        "--served-only",
        action="store_true",
        help="no fp32 form where int8 serves, no images in the report",
    )
    add_group_by(parser)
    parser.add_argument("--seed", type=int, help="seed of all random choices")
    parser.add_argument("--name", help="name of the model (default: that of MODEL)")
    parser.add_argument("--version", help="version of the model")
    add_set(parser)
    add_json(parser)


@stoppable()
def _adopt(arguments: argparse.Namespace) -> int:
    from training.adopt.labels import read_labels  # noqa: PLC0415

    require_data(arguments.data)
    labels = read_labels(arguments.labels, arguments.parents)
    wanted = _wanted(arguments)
    fields = {field: getattr(arguments, flag) for flag, field in _FLAGS.items()}
    given = {field: value for field, value in fields.items() if value is not None}
    name = arguments.network or Path(arguments.model).stem
    overrides = {"name": name.replace(":", "-"), **given, **fields_set(arguments)}
    out, cache = arguments.out, arguments.cache
    if arguments.network is not None:
        from training.adopt.network import adopt_network  # noqa: PLC0415

        source = arguments.network, arguments.model
        folder = images_folder(arguments)
        adopted = adopt_network(*source, labels, folder, out, wanted, overrides, cache)
    elif arguments.model.lower().endswith(_ONNX):
        from training.adopt.adopt import adopt_onnx  # noqa: PLC0415

        folder = images_folder(arguments)
        file = Path(arguments.model)
        adopted = adopt_onnx(file, labels, folder, out, wanted, overrides, cache)
    else:
        raise TrainingError(
            f"{arguments.model}: not an ONNX file by its name. Of a checkpoint state the network "
            "with --model, such as resnet50."
        )
    if not arguments.json:
        _print_choices(adopted, len(labels.names))
    return print_report(adopted.report, arguments)


def _wanted(arguments: argparse.Namespace) -> "Wanted":
    from training.adopt.adopt import Wanted  # noqa: PLC0415
    from training.adopt.pixels import NORMALISATIONS  # noqa: PLC0415

    name = arguments.normalise
    if name is not None and name not in NORMALISATIONS:
        raise TrainingError(f"--normalise {name}: one of {', '.join(NORMALISATIONS)} is expected.")
    return Wanted(
        output=arguments.output,
        normalisation=_own_pixels(arguments) or name,
        size=arguments.size,
        resize=arguments.resize,
        served_only=arguments.served_only,
    )


def _own_pixels(arguments: argparse.Namespace) -> "Pixels | None":
    from training.adopt.pixels import Pixels  # noqa: PLC0415

    if arguments.mean is None and arguments.std is None:
        return None
    if arguments.mean is None or arguments.std is None or arguments.normalise is not None:
        raise TrainingError("--mean and --std go together, without --normalise.")
    return Pixels(_three("--mean", arguments.mean), _three("--std", arguments.std), bgr=False)


def _three(option: str, text: str) -> tuple[float, ...]:
    """In units of uint8."""
    try:
        values = tuple(_LEVELS * float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) != 3 or (option == "--std" and min(values) <= 0):
        raise TrainingError(
            f"{option} {text}: expected three numbers for red, green and blue, such as "
            "0.485,0.456,0.406."
        )
    return values


def _print_choices(adopted: "Adopted", labels: int) -> None:
    if adopted.tried:
        first, second = adopted.tried[:2]
        say(
            f"Pixels are normalised as {first.name}: {first.top1:.1%} of {first.images} training "
            f"images are right, {second.top1:.1%} with {second.name}, the next best. State it "
            "with --normalise if you know better."
        )
    if adopted.with_images < labels:
        say(
            f"There are images of {adopted.with_images:,} of {labels:,} labels: accuracy is "
            "measured on these."
        )
