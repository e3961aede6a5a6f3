"""``visionflow export-edge``: a version as a folder for a device, with its proof."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.command_line import ALL_STAGES, add_command
from infra.cli.models.names import find_model
from training.cli.options import Commands, answer
from training.texts.terminal import say
from visionflow.models.gate import GATE_EXIT_CODE
from visionflow.models.manifest import MANIFEST_NAME

if TYPE_CHECKING:
    from training.edge_export.export import Exported


def add_parsers(commands: Commands) -> None:
    summary = "Export a version for a device, with its proof."
    parser = add_command(commands, "export-edge", _export, summary, stages=ALL_STAGES)
    parser.epilog = (
        f"Exit code: 0 written, {GATE_EXIT_CODE} the export does not answer as the served form "
        "does (--out has the report alone), 1 anything else."
    )
    parser.add_argument(
        "version", metavar="VERSION", help="name/version of the stage, or an artifact's folder"
    )
    parser.add_argument(
        "--target", required=True, help="onnx (with the runner), openvino or tflite"
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="images to prove it on, 200 at most (default: the test images of a run on this "
        "computer; with none nothing is written)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FOLDER", help="a new folder (default: NAME-VERSION-TARGET)"
    )


def _export(arguments: argparse.Namespace) -> int:
    from training.edge_export.export import export, images_of  # noqa: PLC0415  takes NumPy
    from training.edge_export.targets import target_of  # noqa: PLC0415

    # Before anything is fetched.
    target_of(arguments.target).runtime_version()
    with _artifact(arguments) as (folder, name):
        images = images_of(arguments.images, folder)
        out = arguments.out or Path(f"{name}-{arguments.target}")
        found = export(folder, arguments.target, images, out)
    answer(arguments, found, lambda: _print(found))
    return 0


@contextmanager
def _artifact(arguments: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """The folder of a version, and what to call its export."""
    folder = Path(arguments.version)
    if (folder / MANIFEST_NAME).is_file():
        yield folder, folder.resolve().name
        return
    from infra.cli.endpoints import endpoints  # noqa: PLC0415  takes boto3

    found = endpoints(arguments)
    versions = found.registry.versions
    model = find_model(arguments.version, lambda: [row.model for row in versions()])
    with tempfile.TemporaryDirectory() as cache:
        manifest = found.models.manifest(model)
        fetched = found.models.fetch(manifest, Path(cache))
        (fetched / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        yield fetched, f"{model.name}-{model.version}"


def _print(found: "Exported") -> None:
    parity = found.parity
    say(
        f"{found.folder}: {parity.model} for {found.target}. On {parity.images} images of "
        f"{parity.source} the best label is the same for {parity.top1_agreement:.1%}, the "
        f"decision on unknown for {parity.unknown_agreement:.1%}; mean difference of confidence "
        f"{parity.mean_confidence_difference:.4f}, largest {parity.max_confidence_difference:.4f}."
    )
