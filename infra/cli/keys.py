"""``visionflow keys``: API keys of programs, through the API."""

import argparse
import sys
from typing import Any

from infra.cli.command_line import add_api_command
from infra.cli.endpoints import API_KEY, api_client
from training.cli.options import Commands, add_group, answer, print_table
from training.texts.terminal import say
from visionflow.access.roles import SCOPES
from visionflow.client.connection import filled


def add_parsers(commands: Commands) -> None:
    keys = add_group(commands, "keys", "Make, list and revoke the API keys of programs.")
    create = add_api_command(keys, "create", _create, "Make a key and print it, once.")
    create.add_argument("name", metavar="NAME", help="what uses the key")
    create.add_argument(
        "--scopes",
        required=True,
        metavar="SCOPE,...",
        help=f"what the key may do, each of which you may yourself: {', '.join(SCOPES)}",
    )
    for option, about in (
        ("--per-minute", "requests per minute (default: the stage's limit)"),
        ("--per-month", "requests per month (default: the stage's limit)"),
        ("--expires-in-days", "days until the key ends (default: when it is revoked)"),
    ):
        create.add_argument(option, type=int, metavar="N", help=about)
    add_api_command(keys, "list", _list, "List all keys, newest first.")
    revoke = add_api_command(keys, "revoke", _revoke, "Refuse a key, within 15 seconds.")
    revoke.add_argument("prefix", metavar="PREFIX", help="the eight characters behind vf_")


def _create(arguments: argparse.Namespace) -> int:
    made = api_client(arguments).send(
        "POST",
        "/keys",
        body={
            "name": arguments.name,
            "scopes": [scope.strip() for scope in arguments.scopes.split(",")],
            "requests_per_minute": arguments.per_minute,
            "requests_per_month": arguments.per_month,
            "expires_in_days": arguments.expires_in_days,
        },
    )

    def text() -> None:
        say(f"It is not shown again. Commands read it from ${API_KEY}.", file=sys.stderr)
        say(made["key"])

    answer(arguments, made, text)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    found = api_client(arguments).send("GET", "/keys")

    def text() -> None:
        header = ("PREFIX", "NAME", "SCOPES", "PER MINUTE", "PER MONTH", "STATE", "LAST USE (UTC)")
        print_table([header, *map(_row, found["items"])])

    answer(arguments, found, text)
    return 0


def _revoke(arguments: argparse.Namespace) -> int:
    revoked = api_client(arguments).send("DELETE", filled("/keys/{}", arguments.prefix))
    text = f"Key {revoked['prefix']} ({revoked['name']}) is revoked."
    answer(arguments, revoked, lambda: say(text))
    return 0


def _row(key: dict[str, Any]) -> tuple[str, ...]:
    state = "good"
    if key["revoked_at"]:
        state = f"revoked {key['revoked_at'][:10]}"
    elif key["expires_at"]:
        state = f"until {key['expires_at'][:10]}"
    return (
        key["prefix"],
        key["name"],
        " ".join(key["scopes"]),
        str(key["requests_per_minute"] or ""),
        str(key["requests_per_month"] or ""),
        state,
        (key["last_used_at"] or "never")[:16],
    )
