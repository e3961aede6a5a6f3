"""``visionflow predict``: classify images through the API."""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.cli.classify import heatmaps, inputs
from infra.cli.classify.inputs import Input, Inputs
from infra.cli.classify.results import SUFFIXES, Results, Rows
from infra.cli.command_line import PREDICTION_HEADER, add_api_command, prediction_row
from infra.cli.endpoints import api_client
from infra.errors import CommandError
from training.cli.options import Commands, print_json, print_table
from training.cli.options import answer as print_answer
from training.data.folders.walk import as_text
from training.texts.progress import Bar
from training.texts.terminal import say
from visionflow.client.connection import Connection
from visionflow.client.errors import (
    ApiError,
    NotClassifiedYetError,
    UnavailableError,
    UnexpectedAnswerError,
    UploadRefusedError,
)
from visionflow.client.uploads import classified
from visionflow.errors import ArchivedImageError, ImageError, MissingImageError
from visionflow.images.uploads import MAX_DIRECT_BYTES

# Refused by what is in the request, and not by what the stage is at the moment.
_OF_THE_IMAGE = ("image_", "body_too_large", "unsupported_media_type")
# Not of its bytes, which may be answered next time.
_OF_THE_MOMENT = (MissingImageError.code, ArchivedImageError.code)
# Others refuse the caller, or what was asked, and so every image.
_PASSING = (UnavailableError, NotClassifiedYetError, UnexpectedAnswerError, UploadRefusedError)
# So many other failures in a row are the stage's, and the next image would fail too.
_IN_A_ROW = 3
_NAMED = 10

Answer = dict[str, Any]


class _OptionError(CommandError):
    """What an option asks for cannot be had of this image."""


def add_parsers(commands: Commands) -> None:
    predict = add_api_command(commands, "predict", _predict, "Classify images through the API.")
    predict.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="image files, folders, quoted patterns, or - for an image or paths through stdin",
    )
    predict.add_argument("--top-k", type=int, metavar="N", help="labels per image")
    predict.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"write the answers to this file ({' or '.join(SUFFIXES)}); run again, the command "
        "classifies the images that are new, changed or not answered yet",
    )
    predict.add_argument(
        "--explain", type=Path, metavar="FOLDER", help="write a heatmap per image to this folder"
    )
    predict.add_argument(
        "--coverage",
        type=float,
        metavar="SHARE",
        help="show the smallest set of labels that holds the true one with this probability",
    )


def _predict(arguments: argparse.Namespace) -> int:
    found = inputs.find(arguments.files)
    _tell_left_out(found)
    if not found.images and not found.unreadable:
        nothing = "".join(f" Nothing matches {pattern}." for pattern in found.unmatched)
        raise CommandError(f"There is no image to classify.{nothing}")
    api = api_client(arguments)
    if arguments.out is not None:
        return _write(api, found, arguments)
    return _print(api, found, arguments)


def _print(api: Connection, found: Inputs, arguments: argparse.Namespace) -> int:
    rows: list[tuple[str, ...]] = []
    batch = _Batch(api, found, arguments)
    try:
        for image, answer in batch.answers(found.images):
            if arguments.json:
                print_json({"file": image.shown, **_without(answer, "error_code")})
            if "error_code" not in answer:
                rows.append((*prediction_row(answer, image=image.shown), *_more(answer, arguments)))
    finally:
        # The answers so far are printed, whatever happened to the images after them.
        if rows and not arguments.json:
            top = () if arguments.top_k is None else (f"TOP {arguments.top_k}",)
            header = () if arguments.coverage is None else ("LABELS",)
            print_table([(*PREDICTION_HEADER, *top, *header), *rows])
    return 1 if batch.failed else 0


def _write(api: Connection, found: Inputs, arguments: argparse.Namespace) -> int:
    results = Results(arguments.out, arguments.top_k)
    batch = _Batch(api, found, arguments)
    with results.open() as rows:
        left = [image for image in found.images if not rows.hold(image)]
        known = len(found.images) - len(left)
        if known:
            text = f"{known} of {len(found.images)} images are in {arguments.out} already."
            say(text, file=sys.stderr)
        answered = _classify_all(batch, left, rows)
    failed = list(dict.fromkeys([*batch.failed, *rows.failed]))
    if failed:
        shown = ", ".join(failed[:_NAMED])
        more = len(failed) - _NAMED
        say(
            f"visionflow: {len(failed)} failed: {shown}"
            + (f" and {more} more" if more > 0 else ""),
            file=sys.stderr,
        )
    file = str(arguments.out)
    done = {"file": file, "answered": answered, "known": known, "failed": len(failed)}
    text = f"{answered} of {len(left)} images answered, in {file}."
    print_answer(arguments, done, lambda: say(text))
    return 1 if failed else 0


def _classify_all(batch: "_Batch", left: list[Input], rows: Rows) -> int:
    """How many were answered."""
    answered = 0
    for image, found in Bar(batch.answers(left), what="classify", total=len(left), unit="images"):
        answered += "error_code" not in found
        if _is_final(found):
            # Without the images of an explanation, which lie in files.
            rows.add(image, _without(found, "explanation", "error_code"))
    return answered


def _is_final(answer: Answer) -> bool:
    """Whether the same bytes would have the same answer, or be refused again."""
    code = answer.get("error_code")
    return code is None or (code.startswith("image_") and code not in _OF_THE_MOMENT)


def _without(answer: Answer, *names: str) -> Answer:
    return {name: value for name, value in answer.items() if name not in names}


class _Batch:
    """Asks for one image after another; ``failed`` are the names of those without an answer."""

    def __init__(self, api: Connection, found: Inputs, arguments: argparse.Namespace) -> None:
        self._api, self._arguments = api, arguments
        self._heatmaps = heatmaps.places(found.images) if arguments.explain else {}
        self.failed: list[str] = []
        for name in found.unreadable:
            self._tell(as_text(Path(name)), "cannot be read")
        for pattern in found.unmatched:
            self._tell(pattern, "nothing matches it")

    def answers(self, images: list[Input]) -> Iterator[tuple[Input, Answer]]:
        """Each image with its answer, or with an ``error`` and its ``error_code`` in its place.

        What is at fault in one image costs no other. Raises what the stage says when it refuses
        several in a row, or the caller.
        """
        in_a_row = 0
        for image in images:
            try:
                data = image.read()
            except OSError as error:
                why = f"cannot be read ({error.strerror})"
                yield image, self._failure(image, "file_unreadable", why)
                continue
            try:
                answer = self._answer(image, data)
                in_a_row = 0
            except _OptionError as error:
                answer = self._failure(image, "option_unavailable", str(error))
            except ImageError as error:
                answer = self._failure(image, error.code, str(error))
            except ApiError as error:
                of_stage = not _is_of_image(error)
                in_a_row = in_a_row + 1 if of_stage else 0
                is_last = in_a_row == min(_IN_A_ROW, len(images))
                if of_stage and (is_last or not isinstance(error, _PASSING)):
                    raise
                answer = self._failure(image, error.code, str(error))
            yield image, answer | {"image_sha256": hashlib.sha256(data).hexdigest()}

    def _answer(self, image: Input, data: bytes) -> Answer:
        answer = _classify(self._api, image, data, self._arguments)
        if self._arguments.explain:
            if answer["explanation"] is None:
                raise _OptionError(
                    "The version that answered draws no heatmap; leave --explain out."
                )
            place = self._arguments.explain / self._heatmaps[image.name]
            heatmaps.write(place, answer["explanation"]["overlay"])
            answer["heatmap"] = as_text(place)
        return answer

    def _failure(self, image: Input, code: str, why: str) -> Answer:
        self._tell(image.shown, why)
        return {
            "status": "failed",
            "error": {"code": code, "message": why},
            "error_code": code,
        }

    def _tell(self, name: str, why: str) -> None:
        self.failed.append(name)
        say(f"visionflow: {name}: {why}", file=sys.stderr)


def _is_of_image(error: ApiError) -> bool:
    return error.code.startswith(_OF_THE_IMAGE)


def _tell_left_out(found: Inputs) -> None:
    for why, names in found.left_out.items():
        shown = ", ".join(as_text(Path(name)) for name in names[:_NAMED]) + (
            ", ..." if len(names) > _NAMED else ""
        )
        say(f"visionflow: {len(names)} left out, {why}: {shown}", file=sys.stderr)


def _more(answer: Answer, arguments: argparse.Namespace) -> tuple[str, ...]:
    """The best labels, and the prediction set, of an answer as cells, where they were asked for."""
    scores = (f"{score['label']} {score['confidence']:.1%}" for score in answer.get("top_k", ()))
    top = () if arguments.top_k is None else (", ".join(scores),)
    found = answer.get("prediction_set")
    return top if found is None else (*top, ", ".join(found["labels"]) or "(none)")


def _classify(api: Connection, image: Input, data: bytes, arguments: argparse.Namespace) -> Answer:
    """The answer to one image; what is too large for a direct call is uploaded."""
    # Neither half of a surrogate pair, which the API refuses, nor a backslash, which ends a folder.
    name = image.inside.name.encode(errors="replace").decode()
    top_k, coverage = arguments.top_k, arguments.coverage
    explain = arguments.explain is not None
    if len(data) <= MAX_DIRECT_BYTES:
        return classified(api, data, top_k=top_k, explain=explain, coverage=coverage, filename=name)
    if coverage is not None:
        raise _OptionError(
            f"It is over {MAX_DIRECT_BYTES / 1e6} MB and goes through the bucket, which "
            "gives no prediction set; leave --coverage out, or make the image smaller."
        )
    with Bar[None](what=f"upload {name}", total=len(data), unit="B") as bar:
        return classified(api, data, top_k=top_k, explain=explain, filename=name, on_sent=bar.add)
