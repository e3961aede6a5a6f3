"""``visionflow erase | audit``: erase predictions, and list who changed what."""

import argparse
import json
import sys
import time
from typing import Any

from infra.cli.command_line import add_api_command, add_period, period
from infra.cli.endpoints import api_client
from infra.errors import CommandError
from training.cli.options import Commands, answer, print_table
from training.texts.terminal import say
from visionflow.client.connection import Connection, filled

# What was erased just now is listed for a moment longer.
_PAUSE_SECONDS = 0.5


def add_parsers(commands: Commands) -> None:
    summary = "Erase predictions with their images, for ever."
    erase = add_api_command(commands, "erase", _erase, summary)
    erase.add_argument("ids", nargs="*", metavar="ID", help="ids of predictions")
    erase.add_argument("--owner", help="erase all that this owner sent (its id, as in the records)")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    audit = add_api_command(commands, "audit", _audit, "List who changed what, the latest first.")
    add_period(audit)
    audit.add_argument("--limit", type=int, default=20, metavar="N", help="1 to 100 (default: 20)")


def _erase(arguments: argparse.Namespace) -> int:
    ids, owner = arguments.ids, arguments.owner
    if bool(ids) == bool(owner):
        raise CommandError("Name either the ids of predictions or --owner.")
    what = f"all that {owner} sent" if owner else ", ".join(ids)
    if not arguments.yes and not _confirmed(what):
        raise CommandError("Nothing was erased.")
    api = api_client(arguments)
    erased = _erase_owner(api, owner) if owner else sum(_erase_one(api, one) for one in ids)
    text = (
        f"{erased} erased. Run 'visionflow data collect' where copies were collected for training."
    )
    answer(arguments, {"erased": erased}, lambda: say(text))
    return 0


def _confirmed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise CommandError("Erasing cannot be undone; add --yes to do it without being asked.")
    say(f"Erase {what}? This cannot be undone. Type yes:", file=sys.stderr)
    return sys.stdin.readline().strip() == "yes"


def _erase_one(api: Connection, prediction_id: str) -> int:
    api.send("DELETE", filled("/predictions/{}", prediction_id))
    return 1


def _erase_owner(api: Connection, owner: str) -> int:
    erased = 0
    while True:
        done = api.send("DELETE", filled("/owners/{}", owner))
        erased += int(done["erased"])
        if not done["left"]:
            return erased
        if not done["erased"]:
            time.sleep(_PAUSE_SECONDS)


def _audit(arguments: argparse.Namespace) -> int:
    found = api_client(arguments).send(
        "GET", "/audit", {**period(arguments), "limit": arguments.limit}
    )
    header = ("AT (UTC)", "BY", "ACTION", "SUBJECT", "STATUS", "DETAILS")
    answer(arguments, found, lambda: print_table([header, *map(_row, found["items"])]))
    return 0


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    said = {name: value for name, value in item["details"].items() if value is not None}
    details = json.dumps(said) if said else ""
    status = "unknown" if item["status"] is None else str(item["status"])
    return (item["at"][:19], item["by"], item["action"], item["subject"], status, details)
