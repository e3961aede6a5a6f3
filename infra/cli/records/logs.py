"""``visionflow logs``: the history from the command line."""

import argparse
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, get_args

from infra.cli.command_line import (
    PREDICTION_HEADER,
    add_api_command,
    add_period,
    period,
    prediction_row,
)
from infra.cli.endpoints import api_client
from infra.cli.models.names import MODEL_HELP, find_by_api
from infra.errors import CommandError
from training.cli.options import Commands, print_json, print_table
from training.texts.progress import tell
from visionflow.client.connection import Connection
from visionflow.client.errors import LimitError, UnavailableError, UnexpectedAnswerError
from visionflow.predictions.record import Origin, Source, Status
from visionflow.timestamps import timestamp

_FOLLOW_SECONDS = 2.0
# After each failure in a row twice as long, up to this.
_LONGEST_PAUSE_SECONDS = 60.0
_LARGEST_PAGE = 100
# A record may become visible a little after one with a later time stamp.
_OVERLAP = timedelta(seconds=30)
_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)

Record = dict[str, Any]


def add_parsers(commands: Commands) -> None:
    logs = add_api_command(commands, "logs", _logs, "List predictions, newest first.")
    logs.add_argument("--label", help="only this label, or what is below it")
    logs.add_argument("--status", choices=get_args(Status), help="only this status")
    logs.add_argument("--source", choices=get_args(Source), help="only images that came this way")
    logs.add_argument("--origin", choices=get_args(Origin), help="only what was made there")
    logs.add_argument(
        "--model-version", metavar="MODEL", help=f"only answers of this version: {MODEL_HELP}"
    )
    add_period(logs)
    amount = logs.add_mutually_exclusive_group()
    amount.add_argument(
        "-n", "--limit", type=_amount, metavar="N", help="at most N (default: 20; with --follow 0)"
    )
    amount.add_argument("--all", action="store_true", help="all, however many there are")
    logs.add_argument(
        "--follow",
        action="store_true",
        help="print new ones as they come, until Ctrl-C; with -n or --from also old ones, the "
        "oldest first",
    )


def _amount(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    return int(text)


def _logs(arguments: argparse.Namespace) -> int:
    api = api_client(arguments)
    version: str | None = arguments.model_version
    query = {
        "label": arguments.label,
        "status": arguments.status,
        "source": arguments.source,
        "origin": arguments.origin,
        "model": find_by_api(version, api).text if version else None,
        **period(arguments),
    }
    if not arguments.follow:
        limit = 20 if arguments.limit is None else arguments.limit
        _print(_pages(api, query, None if arguments.all else limit), as_json=arguments.json)
        return 0
    if query["to"] is not None:
        raise CommandError("--follow has no end; leave --to out.")
    try:
        _print(_follow(api, query, arguments), as_json=arguments.json)
    except KeyboardInterrupt:
        # It is how following ends.
        return 0
    return 0


def _print(batches: Iterable[list[Record]], *, as_json: bool) -> None:
    for number, batch in enumerate(batches):
        if as_json:
            for item in batch:
                print_json(item)
            continue
        rows = [(item["created_at"][:19], *prediction_row(item)) for item in batch]
        header = [("CREATED (UTC)", *PREDICTION_HEADER)] if number == 0 else []
        print_table([*header, *rows])


def _pages(api: Connection, query: Record, most: int | None) -> Iterator[list[Record]]:
    """Pages of ``most`` predictions, or of all, newest first; at least one, which may be empty."""
    cursor: str | None = None
    left = most
    while True:
        size = _LARGEST_PAGE if left is None else min(left, _LARGEST_PAGE)
        if size == 0:
            return
        page = api.send("GET", "/logs", {**query, "limit": size, "cursor": cursor})
        if page["items"] or cursor is None:
            yield page["items"]
        left = None if left is None else left - len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return


def _follow(
    api: Connection, query: Record, arguments: argparse.Namespace
) -> Iterator[list[Record]]:
    """Batches of predictions, the oldest first and each once: those that were asked for, then new
    ones without end."""
    # The clock of this computer may be wrong: what is new is newer than the newest there is.
    newest = next(iter(api.send("GET", "/logs", {"limit": 1})["items"]), None)
    since = datetime.fromisoformat(newest["created_at"]) if newest else _BEFORE_ALL + _OVERLAP
    # With a time for each: what is older than the overlap cannot come again.
    seen = {
        item["id"]: item["created_at"]
        for item in _since(api, query, since - _OVERLAP)
        if datetime.fromisoformat(item["created_at"]) <= since
    }
    fresh = _asked(api, query, arguments)
    while True:
        seen |= {item["id"]: item["created_at"] for item in fresh}
        if fresh:
            yield fresh
            since = max(since, *(datetime.fromisoformat(item["created_at"]) for item in fresh))
        time.sleep(_FOLLOW_SECONDS)
        start = since - _OVERLAP
        seen = {id_: at for id_, at in seen.items() if datetime.fromisoformat(at) >= start}
        fresh = [item for item in reversed(_patiently(api, query, start)) if item["id"] not in seen]


def _asked(api: Connection, query: Record, arguments: argparse.Namespace) -> list[Record]:
    """Old records that ``-n``, ``--all`` or ``--from`` ask for, the oldest first."""
    asks_for_all = arguments.all or (query["from"] is not None and arguments.limit is None)
    most = None if asks_for_all else (arguments.limit or 0)
    return list(chain.from_iterable(_pages(api, query, most)))[::-1]


def _patiently(api: Connection, query: Record, start: datetime) -> list[Record]:
    """`_since`, again and again while the API is out of service, with longer and longer pauses."""
    pause = _FOLLOW_SECONDS
    while True:
        try:
            return list(_since(api, query, start))
        except (LimitError, UnavailableError, UnexpectedAnswerError) as error:
            tell(f"{error} Trying again in {pause:.0f} s.")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _since(api: Connection, query: Record, start: datetime) -> Iterator[Record]:
    """All predictions from ``start`` on, newest first."""
    yield from chain.from_iterable(_pages(api, {**query, "from": timestamp(start)}, None))
