"""``visionflow logs``: the history from the command line."""

import argparse
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from infra.cli.command_line import PREDICTION_HEADER, add_api_command, prediction_row
from infra.cli.endpoints import api_client
from infra.client.api_client import ApiClient
from training.cli.options import Commands, print_json, print_table
from visionflow.predictions.record import Status

_FOLLOW_SECONDS = 2.0
_LARGEST_PAGE = 100
# A record may become visible a little after one with a later time stamp.
_OVERLAP = timedelta(seconds=30)


def add_parsers(commands: Commands) -> None:
    logs = add_api_command(commands, "logs", _logs, "List predictions, newest first.")
    logs.add_argument("--label", help="only this label, or what is below it")
    logs.add_argument("--status", choices=get_args(Status), help="only this status")
    logs.add_argument("--limit", type=int, default=20, metavar="N", help="1 to 100 (default: 20)")
    logs.add_argument(
        "--follow", action="store_true", help="list the oldest first, then new ones as they come"
    )


def _logs(arguments: argparse.Namespace) -> int:
    api = api_client(arguments)
    query = {"label": arguments.label, "status": arguments.status}
    items = api.logs(**query, limit=arguments.limit)["items"]
    batches = _follow(api, query, items) if arguments.follow else iter([items])
    for number, batch in enumerate(batches):
        if arguments.json:
            for item in batch:
                print_json(item)
        else:
            rows = [(item["created_at"][:19], *prediction_row(item)) for item in batch]
            header = [("CREATED (UTC)", *PREDICTION_HEADER)] if number == 0 else []
            print_table([*header, *rows])
    return 0


def _follow(
    api: ApiClient, query: dict[str, Any], items: list[dict[str, Any]]
) -> Iterator[list[dict[str, Any]]]:
    """Batches of predictions, oldest first and each once: ``items``, then new ones without end."""
    seen: set[str] = set()
    newest = datetime.now(UTC)
    while True:
        fresh = [item for item in reversed(items) if item["id"] not in seen]
        seen.update(item["id"] for item in fresh)
        if fresh:
            yield fresh
            newest = datetime.fromisoformat(fresh[-1]["created_at"])
        time.sleep(_FOLLOW_SECONDS)
        items = list(_since(api, query, newest - _OVERLAP))


def _since(api: ApiClient, query: dict[str, Any], start: datetime) -> Iterator[dict[str, Any]]:
    """All predictions from ``start`` on, newest first."""
    window = {**query, "from": start.isoformat(), "limit": _LARGEST_PAGE}
    cursor: str | None = None
    while True:
        page = api.logs(**window, cursor=cursor)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return
