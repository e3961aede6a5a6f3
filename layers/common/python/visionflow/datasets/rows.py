"""Rows of the datasets table: their keys, and what they hold of datasets and images."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visionflow import dynamodb, strict
from visionflow.datasets.changes import Book, ClassMove
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.dynamodb import Found, Item, from_row, to_item
from visionflow.errors import DatasetConflictError, DatasetMissingError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
R = TypeVar("R")

DATASETS: Final = "DATASETS"
# What one call writes at the same time; boto3 keeps ten connections.
_WRITERS = 8
MAX_BOOK_BYTES: Final = 400_000
"""Of a dataset's row as JSON, which is longer than what DynamoDB counts up to its 409,600."""
_FIELDS: Final = tuple(field.name for field in fields(DatasetImage))


def row_key(kind: str, name: str, sort_key: str) -> Item:
    """The key of a row of kind ``kind`` (IMAGES, CONTENT, ...) that belongs to a dataset."""
    return {"pk": {"S": f"{kind}#{name}"}, "sk": {"S": sort_key}}


def dataset_key(name: str) -> Item:
    return {"pk": {"S": DATASETS}, "sk": {"S": name}}


def read_book(client: "DynamoDBClient", table: str, name: str) -> Book:
    """Read consistently. Raises `DatasetMissingError`."""
    item = dynamodb.read_item(client, table, dataset_key(name))
    if item is None or "deleting" in item:
        raise no_dataset(name)
    return book_of(item)


def no_dataset(name: str) -> DatasetMissingError:
    return DatasetMissingError(f"There is no dataset {name!r:.80}.")


def each(write: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Call ``write`` for all ``items``, several at the same time."""
    with ThreadPoolExecutor(_WRITERS) as pool:
        return list(pool.map(write, items))


def book_item(book: Book) -> Item:
    """The row of a dataset. Of a move it names the class by its place among the classes.

    Raises `DatasetConflictError` for one that is larger than a row can be.
    """
    name, classes = book.dataset.name, book.dataset.classes
    places = {known.name: place for place, known in enumerate(classes)}
    moves = sorted(
        [move.revision, former, None if move.to is None else places[move.to]]
        for former, each in book.moves.items()
        for move in each
    )
    row = {**strict.to_dict(book.dataset), "moves": moves}
    size = len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BOOK_BYTES:
        raise DatasetConflictError(
            f"The names of the classes of {name} and their former names have {size:,} bytes, and "
            f"at most {MAX_BOOK_BYTES:,} can be kept; take shorter names, or fewer display names."
        )
    return dataset_key(name) | to_item(row)


def book_of(item: Found) -> Book:
    row = from_row(item)
    row.pop("deleting", None)
    rows = row.pop("moves")
    # A row from before there were rules lacks one.
    dataset = strict.parse(Dataset, {"flow": None, **row}, "dataset")
    moves: dict[str, tuple[ClassMove, ...]] = {}
    for at, (revision, former, place) in enumerate(rows):
        to = place
        if isinstance(place, int):
            to = dataset.classes[place].name
        else:
            # A row from before moves led to today's name: follow those that came after.
            for _, later, name in rows[at + 1 :]:
                to = name if to == later else to
        moves[former] = (*moves.get(former, ()), ClassMove(revision=revision, to=to))
    return Book(dataset=dataset, moves=moves)


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def attributes(image: DatasetImage) -> dict[str, Any]:
    """What is written of an image: most have no error, no part, and are not removed."""
    values = {name: getattr(image, name) for name in _FIELDS if name != "sha256"}
    return {key: value for key, value in values.items() if value is not None and value is not False}


def image_item(name: str, image: DatasetImage, revision: int) -> Item:
    row = to_item({**attributes(image), "revision": revision})
    return row_key("IMAGES", name, image.sha256) | row


def image_of(item: Found, book: Book) -> DatasetImage:
    row = from_row(item)
    revision = row.pop("revision")
    for other in ("dropped_again", "unlabelled", "also", "erasing"):
        row.pop(other, None)
    row["label"] = book.label(row.get("label"), revision)
    if row["label"] is None:
        row["labelled_by"] = None
    suspected = book.label(row.get("suspected"), row.pop("suspected_revision", revision))
    row["suspected"] = None if suspected == row["label"] else suspected
    if row.get("error") is not None:
        row["error"] = tuple(row["error"])
    return DatasetImage(sha256=item["sk"]["S"], **row)
