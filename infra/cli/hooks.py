"""``visionflow hooks``: who is told of events, through the API."""

import argparse
import sys
import time
from typing import Any, get_args
from urllib.parse import quote

from infra.cli.command_line import add_api_command
from infra.cli.endpoints import api_client
from training.cli.options import Commands, add_group, answer, print_table
from training.texts.terminal import say
from visionflow.events.hooks import HookKind, HookStatus
from visionflow.predictions.record import Source

# A test is tried once, and a receiver has ten seconds; a queue that was switched on takes longer.
_PATIENCE_S = 90.0
_PAUSE_S = 0.5


def add_parsers(commands: Commands) -> None:
    hooks = add_group(commands, "hooks", "Send events to webhooks, e-mail addresses and queues.")
    add = add_api_command(hooks, "add", _add, "Make a hook; a webhook's secret is printed, once.")
    add.add_argument("name", metavar="NAME", help="lower-case letters, digits and dashes")
    add.add_argument("target", metavar="TARGET", help="https://..., an e-mail, or an SQS ARN")
    for option, values, about in (
        ("--kinds", get_args(HookKind), "kinds of events"),
        ("--statuses", get_args(HookStatus), "statuses"),
        ("--sources", get_args(Source), "sources of images"),
    ):
        add.add_argument(option, metavar="A,B", help=f"these {about} alone: {', '.join(values)}")
    add.add_argument("--labels", metavar="A,B", help="these answers alone")
    add.add_argument("--models", metavar="A/1,B/2", help="these models with their versions alone")
    add.add_argument("--at-least", type=float, metavar="X", help="a confidence of X or more")
    add.add_argument("--below", type=float, metavar="X", help="a confidence under X")
    add_api_command(hooks, "list", _list, "List all hooks, and how their deliveries went.")
    for name, run, about in (
        ("test", _test, "Send an event hook.test, and wait for what a webhook answers."),
        ("replay", _replay, "Send again what was given up."),
        ("rotate", _rotate, "Make a new secret of a webhook; both are good for a day."),
        ("remove", _remove, "Remove a hook; what waits for it is dropped."),
    ):
        one = add_api_command(hooks, name, run, about)
        one.add_argument("name", metavar="NAME", help="the hook")


def _add(arguments: argparse.Namespace) -> int:
    wanted = {
        "name": arguments.name,
        "target": arguments.target,
        **{
            name: _values(getattr(arguments, name))
            for name in ("kinds", "statuses", "sources", "labels", "models")
        },
        "confidence_at_least": arguments.at_least,
        "confidence_below": arguments.below,
    }
    made = api_client(arguments).send("POST", "/hooks", body=wanted)

    def text() -> None:
        if made["kind"] == "email":
            say(f"{made['target']} gets a mail, whose link confirms it.", file=sys.stderr)
        if made["secret"] is None:
            say(f"Hook {made['name']} is added.")
            return
        say("The receiver checks signatures with it. It is not shown again.", file=sys.stderr)
        say(made["secret"])

    answer(arguments, made, text)
    return 0


def _list(arguments: argparse.Namespace) -> int:
    found = api_client(arguments).send("GET", "/hooks")

    def text() -> None:
        header = ("NAME", "TARGET", "WANTS", "LAST SUCCESS", "LAST FAILURE (UTC)", "", "DEAD")
        print_table([header, *map(_row, found["items"])])
        say(f"\nFor webhooks {found['waiting']} events wait, and {found['dead']} were given up.")
        say(f"The bus for rules of your own: {found['event_bus']}")

    answer(arguments, found, text)
    return 0


def _test(arguments: argparse.Namespace) -> int:
    """Exit code 1 where the receiver refused it, or nothing was heard of it."""
    client = api_client(arguments)
    sent = client.send("POST", f"/hooks/{quote(arguments.name, safe='')}/test")
    (hook,) = (h for h in client.send("GET", "/hooks")["items"] if h["name"] == arguments.name)
    if hook["outcome"] is None:
        heard: dict[str, Any] = {**sent, "delivered": None, "status": None, "why": None}
        text = f"Event {sent['id']} is on its way to {hook['target']}."
        answer(arguments, heard, lambda: say(text))
        return 0
    outcome = _wait_for(client, arguments.name, sent["id"])
    delivered = outcome.get("last_success_id") == sent["id"]
    why = None if delivered else outcome.get("last_failure") or "Nothing was heard of it."
    status = None if delivered else outcome.get("last_failure_status")
    heard = {**sent, "delivered": delivered, "status": status, "why": why}
    text = f"{hook['target']} took it." if delivered else f"Not delivered: {why}"
    answer(arguments, heard, lambda: say(text))
    return 0 if delivered else 1


def _wait_for(client: Any, name: str, event_id: str) -> dict[str, Any]:
    """The outcome that is about the event; an empty one where none came."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        for hook in client.send("GET", "/hooks")["items"]:
            outcome: dict[str, Any] = hook["outcome"] or {}
            heard = (outcome.get("last_success_id"), outcome.get("last_failure_id"))
            if hook["name"] == name and event_id in heard:
                return outcome
        time.sleep(_PAUSE_S)
    return {}


def _replay(arguments: argparse.Namespace) -> int:
    client, path = api_client(arguments), f"/hooks/{quote(arguments.name, safe='')}/replay"
    replayed, more = 0, True
    while more:
        found = client.send("POST", path)
        replayed, more = replayed + found["replayed"], found["more"]
    text = f"{replayed} events are on their way again."
    answer(arguments, {"replayed": replayed}, lambda: say(text))
    return 0


def _rotate(arguments: argparse.Namespace) -> int:
    path = f"/hooks/{quote(arguments.name, safe='')}/secret"
    made = api_client(arguments).send("POST", path)

    def text() -> None:
        until = made["both_until"][:16]
        say(f"The one from before is good until {until} (UTC).", file=sys.stderr)
        say(made["secret"])

    answer(arguments, made, text)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    removed = api_client(arguments).send("DELETE", f"/hooks/{quote(arguments.name, safe='')}")
    answer(arguments, removed, lambda: say(f"Hook {removed['name']} is removed."))
    return 0


def _values(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _row(hook: dict[str, Any]) -> tuple[str, ...]:
    outcome, wants = hook["outcome"] or {}, hook["wants"]
    parts = [*wants["kinds"], *wants["labels"], *wants["statuses"], *wants["sources"]]
    parts += wants["models"]
    if wants["confidence_at_least"] is not None:
        parts.append(f">= {wants['confidence_at_least']:g}")
    if wants["confidence_below"] is not None:
        parts.append(f"< {wants['confidence_below']:g}")
    status = outcome.get("last_failure_status")
    return (
        hook["name"],
        hook["target"][:60],
        ", ".join(parts) or "everything",
        (outcome.get("last_success_at") or "")[:16],
        (outcome.get("last_failure_at") or "")[:16],
        "" if status is None else str(status),
        str(outcome.get("dead", "")),
    )
