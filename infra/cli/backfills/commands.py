"""``visionflow backfill``: classify what is in a bucket already, through the API."""

import argparse
import sys
import time
from typing import Any
from urllib.parse import quote

from infra.cli.backfills.comparison import lines
from infra.cli.backfills.view import HEADER, bar_note, details, estimate_line, row
from infra.cli.command_line import add_api_command
from infra.cli.endpoints import api_client
from infra.cli.models.names import MODEL_HELP, find_by_api
from infra.client.api_client import ApiClient, ApiProblemError
from infra.errors import CommandError
from training.cli.options import Commands, Run, add_group, answer, print_json, print_table
from training.texts.progress import Bar
from training.texts.terminal import say

_LOOK_SECONDS = 1.0
_AT_WORK = ("listing", "running")


def add_parsers(commands: Commands) -> None:
    group = add_group(commands, "backfill", "Classify images that are in a bucket already.")
    _add_start(
        add_api_command(group, "start", _start, "Classify the images of a source, in chunks.")
    )
    listing = add_api_command(group, "list", _list, "List backfills, newest first.")
    listing.add_argument(
        "--limit", type=int, default=20, metavar="N", help="at most N backfills (default: 20)"
    )
    _add(group, "show", _show, "Show a backfill with its progress, price and time.")
    _add(group, "watch", _watch, "Follow a backfill until it ends.")
    _add(group, "pause", _pause, "Pause a backfill; chunks that are worked on end within seconds.")
    resume = _add(
        group, "resume", _resume, "Continue a backfill that was paused, stopped or cancelled."
    )
    resume.add_argument(
        "--max-usd", type=float, metavar="USD", help="what it may spend in all from now on"
    )
    _add(group, "cancel", _cancel, "End a backfill; what is done stays.")
    _add(group, "retry", _retry, "Continue a failed backfill with what is not done.")


def _add(group: Commands, name: str, run: Run, summary: str) -> argparse.ArgumentParser:
    parser = add_api_command(group, name, run, summary)
    parser.add_argument("backfill", metavar="BACKFILL", help="id of the backfill")
    return parser


def _add_start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="s3://BUCKET/PREFIX, the manifest.json of an S3 Inventory, or a CSV file of keys",
    )
    parser.add_argument(
        "--model",
        help=f"{MODEL_HELP} (default: what serves)",
    )
    parser.add_argument(
        "--against",
        metavar="MODEL",
        help="compare MODEL's answers with those of --model, image by image; files alone",
    )
    parser.add_argument(
        "--into",
        choices=("files", "records"),
        default="files",
        help="files of Parquet, or records as those of dropped images (default: files)",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="so many images, chosen by chance")
    parser.add_argument(
        "--concurrency", type=int, metavar="N", help="chunks at once (default: the stage's limit)"
    )
    parser.add_argument(
        "--max-usd", type=float, metavar="USD", help="stop when this is spent; it can be resumed"
    )
    parser.add_argument("--role", metavar="ARN", help="a role VisionFlowRead... for the bucket")
    parser.add_argument("--key", help="the same key starts nothing twice")
    parser.add_argument("--dry-run", action="store_true", help="only say what it takes")
    parser.add_argument("--no-wait", action="store_true", help="return as soon as it has started")


def _start(arguments: argparse.Namespace) -> int:
    if arguments.against is not None and arguments.model is None:
        raise CommandError("Name the new version with --model; --against is the old one.")
    api = api_client(arguments)
    models = [name for name in (arguments.model, arguments.against) if name is not None]
    started = api.send(
        "POST",
        "/backfills",
        body={
            "source": arguments.source,
            "models": [find_by_api(model, api).text for model in models],
            "into": arguments.into,
            "sample": arguments.sample,
            "concurrency": arguments.concurrency,
            "max_usd": arguments.max_usd,
            "role": arguments.role,
            "key": arguments.key,
            "dry_run": arguments.dry_run,
        },
    )
    found = started["backfill"]
    if found is None:
        answer(arguments, started, lambda: say(estimate_line(started["estimate"])))
        return 0
    say(f"Backfill {found['id']}: {estimate_line(started['estimate'])}", file=sys.stderr)
    if not arguments.no_wait:
        found = _follow(api, found, arguments)
    return _print(api, found, arguments)


def _list(arguments: argparse.Namespace) -> int:
    found = api_client(arguments).send("GET", "/backfills", {"limit": arguments.limit})
    answer(arguments, found, lambda: print_table([HEADER, *map(row, found["items"])]))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    api = api_client(arguments)
    return _print(api, _get(api, arguments.backfill), arguments, waits=False)


def _watch(arguments: argparse.Namespace) -> int:
    api = api_client(arguments)
    return _print(api, _follow(api, _get(api, arguments.backfill), arguments), arguments)


def _pause(arguments: argparse.Namespace) -> int:
    return _change("pause", arguments)


def _resume(arguments: argparse.Namespace) -> int:
    return _change("resume", arguments, {"max_usd": arguments.max_usd})


def _cancel(arguments: argparse.Namespace) -> int:
    return _change("cancel", arguments)


def _retry(arguments: argparse.Namespace) -> int:
    return _change("retry", arguments)


def _change(what: str, arguments: argparse.Namespace, body: dict[str, object] | None = None) -> int:
    path = f"{_path(arguments.backfill)}/{what}"
    found = api_client(arguments).send("POST", path, body=body)
    text = f"Backfill {found['id']} is {found['state']}."
    answer(arguments, found, lambda: say(text))
    return 0


def _follow(api: ApiClient, found: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Show how far it is until it works no more."""
    done = 0
    shown: Bar[None] = Bar(what="classifying", total=found["estimate"]["images"], unit=" images")
    with shown as bar:
        while found["state"] in _AT_WORK:
            progress = found["progress"]
            now = progress["listed"] - progress["left"]
            bar.note(bar_note(progress))
            bar.add(now - done)
            done = now
            if arguments.json:
                print_json({"progress": progress})
            time.sleep(_LOOK_SECONDS)
            found = _get(api, found["id"])
    return found


def _print(
    api: ApiClient, found: dict[str, Any], arguments: argparse.Namespace, *, waits: bool = True
) -> int:
    """The backfill, with its comparison; the exit code says whether it has come to its end, if
    somebody ``waits``."""
    text = details(found)
    if found["compares"]:
        compared = _comparison(api, found)
        found = {**found, "comparison": compared}
        text += [] if compared is None else lines(compared)
    answer(arguments, found, lambda: say("\n".join(text)))
    return 1 if found["state"] == "failed" or (waits and found["state"] == "stopped") else 0


def _comparison(api: ApiClient, found: dict[str, Any]) -> dict[str, Any] | None:
    """None while there is none, or where it is not for this caller."""
    if found["state"] != "done":
        return None
    try:
        return api.send("GET", f"{_path(found['id'])}/comparison")
    except ApiProblemError as error:
        if error.code not in ("comparison_not_found", "forbidden"):
            raise
        return None


def _get(api: ApiClient, backfill_id: str) -> dict[str, Any]:
    return api.send("GET", _path(backfill_id))


def _path(backfill_id: str) -> str:
    return f"/backfills/{quote(backfill_id, safe='')}"
