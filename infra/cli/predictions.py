"""``visionflow predict | logs``: the HTTP API from the command line."""

import argparse
import base64
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from infra.cli.command_line import PREDICTION_HEADER, add_api_command, prediction_row
from infra.cli.endpoints import api_client
from infra.client.api_client import ApiClient, ApiProblemError
from infra.client.image_upload import classify_by_upload
from infra.errors import CommandError
from infra.local_cloud.progress import TransferBar
from training.cli.options import Commands, print_json, print_table
from training.texts.terminal import say
from visionflow.errors import ImageError
from visionflow.images.formats import media_type
from visionflow.images.uploads import MAX_DIRECT_BYTES
from visionflow.predictions.record import Status

_FOLLOW_SECONDS = 2.0
_LARGEST_PAGE = 100
# A record may become visible a little after one with a later time stamp.
_OVERLAP = timedelta(seconds=30)


def add_parsers(commands: Commands) -> None:
    predict = add_api_command(commands, "predict", _predict, "Classify images through the API.")
    predict.add_argument("files", nargs="+", type=Path, metavar="FILE", help="image files")
    predict.add_argument("--top-k", type=int, metavar="N", help="labels per image")
    predict.add_argument(
        "--explain", type=Path, metavar="FOLDER", help="write a heatmap per image to this folder"
    )
    predict.add_argument(
        "--coverage",
        type=float,
        metavar="SHARE",
        help="show the smallest set of labels that holds the true one with this probability",
    )
    logs = add_api_command(commands, "logs", _logs, "List predictions, newest first.")
    logs.add_argument("--label", help="only this label, or what is below it")
    logs.add_argument("--status", choices=get_args(Status), help="only this status")
    logs.add_argument("--limit", type=int, default=20, metavar="N", help="1 to 100 (default: 20)")
    logs.add_argument(
        "--follow", action="store_true", help="list the oldest first, then new ones as they come"
    )


def _predict(arguments: argparse.Namespace) -> int:
    heatmaps: Path | None = arguments.explain
    rows: list[tuple[str, ...]] = []
    refused = 0
    try:
        for file, answer in _answers(arguments):
            if answer is None:
                refused += 1
                continue
            if heatmaps:
                _write_heatmap(heatmaps / f"{file.stem}.png", answer["explanation"]["overlay"])
            if arguments.json:
                print_json({"file": str(file), **answer})
            rows.append((*prediction_row(answer, image=str(file)), *_set_cell(answer)))
    finally:
        # The answers so far are printed, whatever happened to the images after them.
        if rows and not arguments.json:
            header = () if arguments.coverage is None else ("LABELS",)
            print_table([(*PREDICTION_HEADER, *header), *rows])
    return 1 if refused else 0


def _set_cell(answer: dict[str, Any]) -> tuple[str, ...]:
    """The prediction set of an answer as a cell, where one was asked for."""
    found = answer.get("prediction_set")
    return () if found is None else (", ".join(found["labels"]) or "(none)",)


def _answers(arguments: argparse.Namespace) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """Each file with its answer, None for an image that cannot be classified."""
    api = api_client(arguments)
    for file in arguments.files:
        answer = None
        try:
            answer = _classify(api, file, arguments)
        except (ApiProblemError, ImageError) as error:
            if not (error.code or "").startswith("image_"):
                raise
            say(f"visionflow: {file}: {error}", file=sys.stderr)
        yield file, answer


def _classify(api: ApiClient, file: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The answer to one file; what is too large for a direct call is uploaded."""
    data = _read(file)
    top_k, coverage = arguments.top_k, arguments.coverage
    explain = arguments.explain is not None
    if len(data) <= MAX_DIRECT_BYTES:
        return api.predict(
            data, top_k=top_k, explain=explain, coverage=coverage, filename=file.name
        )
    if explain or coverage is not None:
        what, option = ("heatmap", "--explain") if explain else ("prediction set", "--coverage")
        raise CommandError(
            f"{file} is over {MAX_DIRECT_BYTES / 1e6} MB and goes through the bucket, which gives "
            f"no {what}; leave {option} out, or make the image smaller."
        )
    bar = TransferBar(len(data), f"{file.name} uploaded")
    answer = classify_by_upload(
        api, data, content_type=media_type(data), filename=file.name, on_sent=bar.add
    )
    return answer | {"top_k": answer["top_k"][:top_k]}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read ({error.strerror}).") from error


def _write_heatmap(file: Path, data_url: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(data_url.partition(",")[2]))
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({error.strerror}).") from error


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
