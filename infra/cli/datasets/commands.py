"""``visionflow datasets``: what the page does with datasets, through the API."""

import argparse
from pathlib import Path

from infra.cli.command_line import add_api_command
from infra.cli.datasets import take_over
from infra.cli.datasets.details import flow_line, print_details
from infra.cli.datasets.export import csv_lines, file_names, json_lines, read_manifest, write_zip
from infra.cli.datasets.training import follow, print_run
from infra.cli.endpoints import api_client
from infra.cli.models.names import MODEL_HELP, find_by_api
from infra.errors import CommandError
from training.cli.options import Commands, Run, add_group, answer, print_table
from training.texts.terminal import say
from visionflow.client import answers
from visionflow.client.routes.datasets import Dataset, Datasets


def add_parsers(commands: Commands) -> None:
    group = add_group(commands, "datasets", "Show, label, freeze, train and export datasets.")
    add_api_command(group, "list", _list, "List all datasets.")
    _add(group, "show", _show, "Show a dataset, its latest training and what to do next.")
    create = _add(group, "create", _create, "Create an empty dataset.")
    create.add_argument("classes", nargs="*", metavar="CLASS", help="its first classes")
    _add_classes(group)
    take_over.add_parser(group)
    _add_flow(group)
    _add(group, "versions", _versions, "List the versions of a dataset, the latest first.")
    freeze = _add(group, "freeze", _freeze, "Keep what a dataset holds now as a version.")
    freeze.add_argument("--note", metavar="TEXT", help="why, for people")
    diff = _add(group, "diff", _diff, "Show what changed from one version to another.")
    diff.add_argument("new", type=int, metavar="NEW", help="number of the newer version")
    diff.add_argument(
        "--old", type=int, metavar="N", help="the other one (default: the one before)"
    )
    train = _add(group, "train", _train, "Train a model on what a dataset holds now.")
    train.add_argument(
        "--version", type=int, metavar="N", help="train again on this version of the dataset"
    )
    train.add_argument("--model", help="name of the model (default: the dataset's)")
    train.add_argument(
        "--promote", action="store_true", help="let it serve as soon as it has passed its gate"
    )
    train.add_argument("--no-wait", action="store_true", help="return as soon as it has started")
    _add(group, "runs", _runs, "List the trainings of a dataset, newest first.")
    export = _add(group, "export", _export, "Write a version as a zip, or its manifest.")
    export.add_argument("version", type=int, metavar="VERSION", help="number of the version")
    export.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="FILE",
        help=".zip with the images by class and the manifest, or .jsonl or .csv with it alone",
    )
    source = add_api_command(
        group, "source", _source, "Show the dataset's version that a version of a model came from."
    )
    source.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    delete = _add(group, "delete", _delete, "Delete a dataset with its images and versions.")
    delete.add_argument("--yes", action="store_true", help="confirm; there is no way back")


def _add(group: Commands, name: str, run: Run, summary: str) -> argparse.ArgumentParser:
    parser = add_api_command(group, name, run, summary)
    parser.add_argument("name", metavar="NAME", help="name of the dataset")
    return parser


def _add_classes(group: Commands) -> None:
    parser = _add(group, "classes", _classes, "List the classes of a dataset, or change one.")
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--add", metavar="CLASS", help="add a class")
    change.add_argument("--rename", nargs=2, metavar=("CLASS", "NAME"), help="give it another name")
    change.add_argument(
        "--merge", nargs=2, metavar=("CLASS", "OTHER"), help="label its images as the other class"
    )
    change.add_argument("--delete", metavar="CLASS", help="delete it; its images stay, unlabelled")
    change.add_argument("--describe", metavar="CLASS", help="change how people read it")
    parser.add_argument("--ko", metavar="TEXT", help="with --add or --describe: in Korean")
    parser.add_argument("--en", metavar="TEXT", help="with --add or --describe: in English")


def _add_flow(group: Commands) -> None:
    parser = _add(
        group, "flow", _flow, "Let records of the history flow into a dataset, or show its rule."
    )
    rule = parser.add_mutually_exclusive_group()
    rule.add_argument(
        "--kinds",
        metavar="KINDS",
        help="which records, with a comma between: uncertain, unfamiliar, corrected",
    )
    rule.add_argument("--off", action="store_true", help="let no more records flow in")
    parser.add_argument("--model", help="only answers of this model (default: of any)")
    parser.add_argument(
        "--per-day", type=int, metavar="N", help="new images a day at most (default: 50)"
    )
    parser.add_argument(
        "--train", action="store_true", help="train when enough labels are new, once a day"
    )


def _client(arguments: argparse.Namespace) -> Dataset:
    return Dataset(api_client(arguments), arguments.name)


def _list(arguments: argparse.Namespace) -> int:
    found = Datasets(api_client(arguments)).list()
    rows = [
        (entry.name, str(len(entry.classes)), entry.created_at[:16], entry.created_by)
        for entry in found
    ]
    header = ("NAME", "CLASSES", "CREATED (UTC)", "BY")
    answer(arguments, found, lambda: print_table([header, *rows]))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    found = _client(arguments).details()
    answer(arguments, found, lambda: print_details(found))
    return 0


def _flow(arguments: argparse.Namespace) -> int:
    client = _client(arguments)
    if arguments.off:
        found = client.clear_flow()
    elif arguments.kinds:
        found = client.set_flow(
            arguments.kinds.split(","),
            model=arguments.model,
            per_day=arguments.per_day,
            train=arguments.train,
        )
    elif arguments.model or arguments.per_day or arguments.train:
        raise CommandError("Add --kinds: which records flow in, such as uncertain,corrected.")
    else:
        found = client.details().dataset
    answer(arguments, found, lambda: say(flow_line(found.flow)))
    return 0


def _create(arguments: argparse.Namespace) -> int:
    made = Datasets(api_client(arguments)).create(arguments.name, arguments.classes)
    text = f"{made.name} is created with {len(made.classes)} classes."
    answer(arguments, made, lambda: say(text))
    return 0


def _classes(arguments: argparse.Namespace) -> int:
    client = _client(arguments)
    names = {"ko": arguments.ko, "en": arguments.en}
    if arguments.add:
        found = client.change_class("add", arguments.add, **names)
    elif arguments.describe:
        found = client.change_class("describe", arguments.describe, **names)
    elif arguments.delete:
        found = client.change_class("delete", arguments.delete)
    elif moved := arguments.rename or arguments.merge:
        action = "rename" if arguments.rename else "merge"
        found = client.change_class(action, moved[0], to=moved[1])
    else:
        found = client.details().dataset
    rows = [(entry.name, entry.ko or "", entry.en or "") for entry in found.classes]
    answer(arguments, found, lambda: print_table([("CLASS", "KOREAN", "ENGLISH"), *rows]))
    return 0


def _versions(arguments: argparse.Namespace) -> int:
    found = _client(arguments).versions()
    rows = [_version_row(version) for version in found]
    header = ("VERSION", "IMAGES", "CLASSES", "CREATED (UTC)", "BY", "NOTE")
    answer(arguments, found, lambda: print_table([header, *rows]))
    return 0


def _version_row(version: answers.DatasetVersion) -> tuple[str, ...]:
    return (
        str(version.number),
        str(version.images),
        str(len(version.classes)),
        version.created_at[:16],
        version.created_by,
        version.note or "",
    )


def _freeze(arguments: argparse.Namespace) -> int:
    version = _client(arguments).freeze(arguments.note)
    text = (
        f"{version.dataset} version {version.number}: {version.images} images of "
        f"{len(version.classes)} classes."
    )
    answer(arguments, version, lambda: say(text))
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    found = _client(arguments).diff(arguments.new, arguments.old)

    def text() -> None:
        counts = found.counts
        say(
            f"From version {found.old} to {found.new}: {counts.added} added, "
            f"{counts.removed} removed, {counts.relabelled} relabelled."
        )
        for sign, hashes in (("+", found.added), ("-", found.removed)):
            for sha256 in hashes:
                say(f"{sign} {sha256}")
        for change in found.relabelled:
            say(f"~ {change.sha256} {change.old} -> {change.new}")

    answer(arguments, found, text)
    return 0


def _train(arguments: argparse.Namespace) -> int:
    client = _client(arguments)
    run = client.train(model=arguments.model, promote=arguments.promote, version=arguments.version)
    if not arguments.no_wait:
        run = follow(client, run)
    answer(arguments, run, lambda: print_run(run))
    return 1 if run.state == "failed" else 0


def _runs(arguments: argparse.Namespace) -> int:
    found = _client(arguments).runs()
    rows = [_run_row(run) for run in found]
    header = ("TRAINING", "STATE", "VERSION", "MODEL", "TOP-1", "STARTED (UTC)", "BY")
    answer(arguments, found, lambda: print_table([header, *rows]))
    return 0


def _run_row(run: answers.InstantRun) -> tuple[str, ...]:
    result = run.result
    return (
        run.id,
        run.state,
        str(run.version or ""),
        f"{run.model} {run.model_version or ''}".rstrip(),
        f"{result.top1:.1%}" if result else "",
        run.started_at[:16],
        run.started_by,
    )


def _export(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    if out.suffix not in (".zip", ".jsonl", ".csv"):
        raise CommandError(f"--out {out}: name a file that ends in .zip, .jsonl or .csv.")
    client = _client(arguments)
    found = client.version(arguments.version)
    images = read_manifest(found.url)
    erased = 0
    if out.suffix == ".zip":
        erased = write_zip(client, images, out)
    else:
        names = file_names(client)
        if out.suffix == ".jsonl":
            out.write_text(json_lines(images, names), encoding="utf-8", newline="")
        else:  # Excel needs the mark to read Korean.
            out.write_text(csv_lines(images, names), encoding="utf-8-sig", newline="")
    said = {"file": str(out), "version": found.version, "erased": erased}
    text = f"{out}: {len(images) - erased} images of {client.name}."
    if erased:
        text += f" {erased} were erased since the version was made, and are left out."
    answer(arguments, said, lambda: say(text))
    return 0


def _source(arguments: argparse.Namespace) -> int:
    api = api_client(arguments)
    model = find_by_api(arguments.model, api)
    found = api.send("GET", f"/models/{model.text}", {"report": "false"})["manifest"]
    source = found["config"].get("dataset")
    if not isinstance(source, dict):
        raise CommandError(f"{found['name']} {found['version']} was not trained on a dataset.")
    name, number = source["name"], source["version"]

    def text() -> None:
        say(f"{found['name']} {found['version']} was trained on version {number} of {name}.")
        say(f"Its images: visionflow datasets export {name} {number} --out {name}-{number}.zip")
        say(
            f"The model again: visionflow datasets train {name} --version {number} "
            f"--model {found['name']}"
        )

    answer(arguments, source, text)
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    client = _client(arguments)
    if not arguments.yes:
        raise CommandError(f"Add --yes to delete {client.name} with its images and versions.")
    client.remove()
    answer(arguments, {"deleted": client.name}, lambda: say(f"{client.name} is deleted."))
    return 0
