"""``visionflow publish``: a finished run becomes a version in the cloud."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from infra.cli.command_line import ALL_STAGES, add_command
from infra.cli.endpoints import endpoints
from training.cli.options import Commands, answer
from training.texts.progress import Bar
from training.texts.terminal import say
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Published, Publisher
from visionflow.models.routing import Order


def add_parsers(commands: Commands) -> None:
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
    manifest = read_artifact(arguments.folder)
    manifest = replace(
        manifest,
        name=arguments.name or manifest.name,
        version=arguments.version or manifest.version,
    )
    found = endpoints(arguments)
    upload = Bar[None](
        what="upload", total=sum(entry.size for entry in manifest.all_files()), unit="B"
    )
    with found.change("publish", f"{manifest.name} {manifest.version}") as outcome:
        outcome.details |= {"promote": arguments.promote, "force": arguments.force}
        published = Publisher(found.models, found.registry).publish(
            arguments.folder,
            manifest,
            lambda: Order(found.caller(), datetime.now(UTC)),
            promote=arguments.promote,
            force_reason=arguments.force,
            on_upload=upload.add,
        )
    answer(arguments, published, lambda: _print(published))
    return 0


def _print(published: Published) -> None:
    say(
        f"{published.name} {published.version} ({published.precision}, "
        f"{published.bytes / 1e6:.1f} MB) is published"
        + (" and serves." if published.serves else "; --promote lets it serve.")
    )
    if published.force:
        say(
            f"Forced by {published.force.by} ({published.force.reason}) in spite of: "
            f"{'; '.join(published.force.failed)}."
        )
