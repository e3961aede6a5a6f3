"""``visionflow uncertain | feedback``: which predictions to label, and what they show."""

import argparse
from typing import Any

from infra.cli.command_line import PREDICTION_HEADER, add_api_command, prediction_row
from infra.cli.endpoints import api_client
from infra.errors import CommandError
from training.cli.options import Commands, answer, print_table
from training.texts.terminal import say
from visionflow.client.connection import Connection, filled
from visionflow.client.errors import NotFoundError


def add_parsers(commands: Commands) -> None:
    summary = "List the predictions that are most worth a label."
    uncertain = add_api_command(commands, "uncertain", _uncertain, summary)
    uncertain.add_argument(
        "-n", "--limit", type=int, default=20, metavar="N", help="1 to 100 (default: 20)"
    )
    feedback = add_api_command(commands, "feedback", _feedback, "Confirm or correct a prediction.")
    feedback.add_argument("id", metavar="ID", help="id of the prediction")
    said = feedback.add_mutually_exclusive_group()
    said.add_argument("--right", action="store_true", help="the answer is right")
    said.add_argument("--label", metavar="LABEL", help="what the image shows")
    said.add_argument(
        "--wrong", action="store_true", help="the image shows none of the model's labels"
    )
    said.add_argument("--withdraw", action="store_true", help="take your latest feedback back")
    feedback.add_argument(
        "--new", action="store_true", help="with --label: one that the model does not know"
    )
    feedback.add_argument(
        "--from-queue",
        action="store_true",
        help="the image was one of 'visionflow uncertain', whose accuracy is counted apart",
    )


def _uncertain(arguments: argparse.Namespace) -> int:
    found = api_client(arguments).send("GET", "/uncertain", {"limit": arguments.limit})

    def text() -> None:
        rows = [(item["id"], *prediction_row(item)) for item in found["items"]]
        print_table([("ID", *PREDICTION_HEADER), *rows])
        if found["items"]:
            example = f"visionflow feedback {found['items'][0]['id']} --label LABEL --from-queue"
            say(f"Say what one shows with '{example}'.")

    answer(arguments, found, text)
    return 0


def _feedback(arguments: argparse.Namespace) -> int:
    api, path = api_client(arguments), filled("/predictions/{}/feedback", arguments.id)
    if arguments.new and arguments.label is None:
        raise CommandError("--new belongs to --label.")
    if arguments.withdraw:
        found = api.send("DELETE", path, repeatable=False)  # again takes back the one before
        text = f"Your feedback {_shown(found['withdrawn'])} is taken back."
        answer(arguments, found, lambda: say(text))
        return 0
    if not (arguments.right or arguments.wrong or arguments.label is not None):
        return _history(api, path, arguments)
    label = _confirmed(api, arguments.id) if arguments.right else arguments.label
    body = {"label": label, "new": arguments.new, "from_queue": arguments.from_queue}
    given = api.send("POST", path, body=body)
    counts = "" if given["counts"] else " Feedback of more weight was given before, and counts."
    text = f"{arguments.id} is said to show {_shown(given['given'])}.{counts}"
    answer(arguments, given, lambda: say(text))
    return 0


def _history(api: Connection, path: str, arguments: argparse.Namespace) -> int:
    found = api.send("GET", path)
    rows = [(item["at"][:19], item["by"], _shown(item)) for item in found["items"]]
    answer(arguments, found, lambda: print_table([("AT (UTC)", "BY", "LABEL"), *rows]))
    return 0


def _confirmed(api: Connection, prediction_id: str) -> str:
    """What the prediction answered. Raises `CommandError` where it answered nothing."""
    try:
        prediction = api.send("GET", filled("/predictions/{}", prediction_id))
    except NotFoundError as error:
        raise CommandError(f"There is no prediction {prediction_id}.") from error
    label: str | None = prediction["label"]
    if prediction["status"] == "failed" or label is None:
        raise CommandError(f"{prediction_id} has no answer that could be right.")
    return label


def _shown(feedback: dict[str, Any]) -> str:
    return feedback["label"] or "none of the labels"
