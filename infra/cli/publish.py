"""``visionflow publish``: a finished run becomes a version in the cloud."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from infra.cli.command_line import ALL_STAGES, add_command
from infra.cli.endpoints import endpoints
from infra.cli.models.move_texts import label_warning
from infra.errors import CommandError
from lambdas.api.models.preview import ClassChange, class_change
from lambdas.api.trees import Trees
from training.cli.options import Commands, answer
from training.texts.progress import Bar
from training.texts.terminal import say
from visionflow import strict
from visionflow.models.gate import GATE_EXIT_CODE
from visionflow.models.manifest import MANIFEST_NAME, Manifest, read_artifact
from visionflow.models.publication import NEXT, OWN_OR_NEXT, Choice, Published, Publisher
from visionflow.models.ref import ModelRef
from visionflow.models.registry.numbers import UNNAMED
from visionflow.models.routing import Order

_BEGUN = ("groups.json", "split.json", "checkpoint.pt", "features")
"""What a run leaves before it is one."""


def add_parsers(commands: Commands) -> None:
    summary = "Publish a finished run as a version that can serve."
    parser = add_command(commands, "publish", _publish, summary, stages=ALL_STAGES)
    parser.epilog = (
        f"Exit code: 0 published, {GATE_EXIT_CODE} held back by its gate, 1 anything else."
    )
    parser.add_argument("folder", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--promote", action="store_true", help="and let it serve from now on")
    parser.add_argument(
        "--force",
        metavar="REASON",
        help="even though its gate has not passed; the reason is kept with the version",
    )
    parser.add_argument("--name", help="publish under another name than the run's")
    parser.add_argument(
        "--version",
        help="publish under this version; 'next' is the one behind the highest (default: the "
        "run's own where somebody chose it and it is free, else the next)",
    )


def _publish(arguments: argparse.Namespace) -> int:
    manifest = _finished(arguments.folder)
    wanted: str | None = arguments.version
    choice: Choice = "own" if wanted else OWN_OR_NEXT
    if wanted == NEXT:
        choice, wanted = NEXT, None
    manifest = replace(
        manifest, name=arguments.name or manifest.name, version=wanted or manifest.version
    )
    found = endpoints(arguments)
    upload = Bar[None](
        what="upload", total=sum(entry.size for entry in manifest.all_files()), unit="B"
    )
    before = found.registry.current() if arguments.promote else None
    with found.change("publish", f"{manifest.name} {manifest.version}") as outcome:
        asked = {"promote": arguments.promote, "force": arguments.force}
        outcome.details |= {name: value for name, value in asked.items() if value}
        published = Publisher(found.models, found.registry).publish(
            arguments.folder,
            manifest,
            lambda: Order(found.caller(), datetime.now(UTC)),
            promote=arguments.promote,
            force_reason=arguments.force,
            on_upload=upload.add,
            version=choice,
        )
        outcome.details["version"] = published.version
    change = None
    if before and published.serves:
        model = ModelRef(published.name, published.version)
        change = class_change(model, before, 100, Trees(found.models))
    said = {**strict.to_dict(published), "classes": change}
    answer(arguments, said, lambda: _print(published, manifest, choice, change))
    return 0


def _finished(folder: Path) -> Manifest:
    """Raises `CommandError` for what is not a run, or not yet one, and as `read_artifact`."""
    if not folder.is_dir():
        raise CommandError(f"{folder}: no such folder; name the folder of a finished run.")
    if not (folder / MANIFEST_NAME).is_file():
        if any((folder / name).exists() for name in _BEGUN):
            raise CommandError(
                f"{folder}: the run has not finished. Repeat the command that began it, which goes "
                "on where it ended, and then publish."
            )
        raise CommandError(
            f"{folder}: is not a run, it has no {MANIFEST_NAME}. Name the folder that 'visionflow "
            "train', 'adopt' or 'ensemble' wrote with --out."
        )
    return read_artifact(folder)


def _print(
    published: Published, manifest: Manifest, choice: Choice, change: ClassChange | None
) -> None:
    if choice == OWN_OR_NEXT and published.version != manifest.version != UNNAMED:
        say(
            f"{manifest.name} {manifest.version} is there already, with other content or under "
            "another version."
        )
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
    for line in label_warning(change) if change else ():
        say(line)
