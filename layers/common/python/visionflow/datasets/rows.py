"""Rows of the datasets table: their keys, and what they hold of datasets and images."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visionflow import dynamodb, strict
from visionflow.datasets.changes import Book, ClassMove
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.dynamodb import Found, Item, from_row, to_item
from visionflow.errors import DatasetMissingError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")
R = TypeVar("R")

DATASETS: Final = "DATASETS"
# What one call writes at the same time; boto3 keeps ten connections.
_WRITERS = 8
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
    moves = [[move.revision, move.name, move.to] for move in book.moves]
    row = to_item({**strict.to_dict(book.dataset), "moves": moves})
    return dataset_key(book.dataset.name) | row


def book_of(item: Found) -> Book:
    row = from_row(item)
    row.pop("deleting", None)
    moves = tuple(
        ClassMove(revision=revision, name=name, to=to) for revision, name, to in row.pop("moves")
    )
    return Book(dataset=strict.parse(Dataset, row, "dataset"), moves=moves)


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
    row.pop("dropped_again", None)
    row["label"] = book.label(row.get("label"), revision)
    if row["label"] is None:
        row["labelled_by"] = None
    suspected = book.label(row.get("suspected"), row.pop("suspected_revision", revision))
    row["suspected"] = None if suspected == row["label"] else suspected
    if row.get("error") is not None:
        row["error"] = tuple(row["error"])
    return DatasetImage(sha256=item["sk"]["S"], **row)
