"""``visionflow publish``: a finished run becomes a version in the cloud."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.command_line import ALL_STAGES, add_command
from infra.cli.endpoints import endpoints
from infra.local_cloud.progress import TransferBar
from training import publish
from training.cli.options import answer

if TYPE_CHECKING:
    from training.cli.options import Commands


def add_parsers(commands: "Commands") -> None:
    summary = "Publish a finished run as a version that can serve."
    parser = add_command(commands, "publish", _publish, summary, stages=ALL_STAGES)
    parser.add_argument("folder", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--promote", action="store_true", help="and let it serve from now on")
    parser.add_argument(
        "--force",
        metavar="REASON",
        help="even though its gate has not passed; the reason is kept with the version",
    )
    parser.add_argument("--name", help="publish under another name than the run's")
    parser.add_argument("--version", help="publish under another version than the run's")


def _publish(arguments: argparse.Namespace) -> int:
    manifest = publish.read_run(arguments.folder, arguments.name, arguments.version)
    upload = TransferBar(sum(entry.size for entry in manifest.all_files()), "uploaded")
    found = endpoints(arguments)
    published = publish.publish(
        arguments.folder,
        manifest,
        publish.Target(found.models, found.registry, caller=found.caller),
        promote=arguments.promote,
        force_reason=arguments.force,
        on_upload=upload.add,
    )
    answer(arguments, published, lambda: _print(published))
    return 0


def _print(published: publish.Published) -> None:
    print(
        f"{published.name} {published.version} ({published.precision}, "
        f"{published.bytes / 1e6:.1f} MB) is published"
        + (" and serves." if published.serves else "; --promote lets it serve.")
    )
    if published.force:
        print(
            f"Forced by {published.force.by} ({published.force.reason}) in spite of: "
            f"{'; '.join(published.force.failed)}."
        )
