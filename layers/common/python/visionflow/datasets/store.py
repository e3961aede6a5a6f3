"""Datasets in DynamoDB: what is known of their images, each change on its condition.

Rows: ``DATASETS / <name>`` with the classes and their moves, ``IMAGES#<name> / <sha256>`` with
facts, ``CONTENT#<name> / <sha256>`` with what pages and trainings need of the pixels,
``EXAMINATION#<name> / DUE`` and ``/ DONE``. Versions and trainings have rows of their own.

An image's facts are written by several at once: who announces it, who labels it, who curates it and
who compares it with the others. Each writes attributes of their own, so nobody's are lost.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from visionflow import dynamodb, strict
from visionflow.datasets.changes import KEEP, Book, ClassChange, ClassMove, ImageChange
from visionflow.datasets.health import Health
from visionflow.datasets.names import COPIED, check_name, is_sha256
from visionflow.datasets.record import Dataset, DatasetImage
from visionflow.dynamodb import Found, Item, from_row, to_item
from visionflow.errors import (
    DatasetConflictError,
    DatasetImageMissingError,
    DatasetMissingError,
    PlatformError,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        QueryInputTypeDef,
        UpdateItemInputTypeDef,
        WriteRequestUnionTypeDef,
    )

T = TypeVar("T")

DATASETS: Final = "DATASETS"
# What one call writes at the same time; boto3 keeps ten connections.
_WRITERS = 8
_ATTEMPTS = 8
# What DynamoDB deletes in one call.
_DELETED = 25
# Rows that one call of `delete` deletes at most, in some ten seconds.
_MOST_DELETED = 20_000
_OF_A_DATASET = ("IMAGES", "CONTENT", "VERSIONS", "RUNS", "MODELS", "EXAMINATION")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """What is kept of an image's pixels.

    Attributes:
        embedding: float16, little-endian, [views, features]: of the image and its mirror image.
        thumbnail: a JPEG of at most 96 px on its longer side.
        trunk: `Embedder.trunk`; embeddings of two trunks are not comparable.
    """

    embedding: bytes
    thumbnail: bytes
    trunk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a comparison with the other images says about one."""

    sha256: str
    group: str
    suspected: str | None
    outlier: bool


class DatasetStore:
    """Owns the datasets table, but for versions and trainings."""

    def __init__(
        self, table: str, dynamodb: "DynamoDBClient", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.table: Final = table
        self.client: Final = dynamodb
        self.sleep: Final = sleep

    def create(self, dataset: Dataset) -> None:
        """Write a new dataset. Raises `DatasetConflictError` when there is one of this name, and
        `InvalidParameterError` for a name that none can have or classes that are not labels."""
        check_name(dataset.name)
        book = Book(dataset=replace(dataset, classes=(), revision=0))
        for known in dataset.classes:
            change = ClassChange(action="add", name=known.name, ko=known.ko, en=known.en)
            book = book.changed(change)
        try:
            self.client.put_item(
                TableName=self.table,
                Item=_book_item(Book(dataset=replace(book.dataset, revision=0))),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise DatasetConflictError(f"There is a dataset {dataset.name} already.") from error

    def dataset(self, name: str) -> Dataset:
        """Read consistently. Raises `DatasetMissingError`."""
        return self._book(name).dataset

    def datasets(self) -> tuple[Dataset, ...]:
        """All datasets by name."""
        found = dynamodb.query(self.client, self.table, "pk = :pk", {":pk": DATASETS})
        return tuple(_book(item).dataset for item in found if "deleting" not in item)

    def delete(self, name: str, most: int = _MOST_DELETED) -> bool:
        """Delete a dataset with all its rows, at most ``most`` in this call. True when it is gone;
        otherwise, or when this is cut off, call it again: nobody sees the dataset any more, and
        none of its name can be created until it is gone.

        Raises `DatasetMissingError`.
        """
        key = _dataset_key(name)
        try:
            self.client.update_item(
                TableName=self.table,
                Key=key,
                UpdateExpression="SET deleting = :yes",
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=to_item({":yes": True}),
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise _no_dataset(name) from error
        left = most
        for kind in _OF_A_DATASET:
            found = dynamodb.query(
                self.client,
                self.table,
                "pk = :pk",
                {":pk": f"{kind}#{name}"},
                names=("pk", "sk"),
                consistent=True,
            )
            keys: list[Found] = []
            for row in found:
                if len(keys) == left:
                    self._delete_rows(keys)
                    return False
                keys.append(row)
            self._delete_rows(keys)
            left -= len(keys)
        self.client.delete_item(TableName=self.table, Key=key)
        return True

    def change_classes(self, name: str, change: ClassChange) -> Dataset:
        """Add, rename, merge, delete or describe a class. All images follow at once, however many.

        Raises `DatasetMissingError`, `InvalidParameterError`, and `DatasetConflictError` when
        others keep changing the classes.
        """
        for attempt in range(_ATTEMPTS):
            book = self._book(name)
            changed = book.changed(change)
            if changed == book:
                return book.dataset
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=_book_item(changed),
                    ConditionExpression="revision = :seen AND attribute_not_exists(deleting)",
                    ExpressionAttributeValues=to_item({":seen": book.dataset.revision}),
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                dynamodb.back_off(attempt, self.sleep)
            else:
                return changed.dataset
        raise DatasetConflictError(f"The classes of {name} keep changing; try again.")

    def announce(self, name: str, images: Sequence[DatasetImage]) -> tuple[str, ...]:
        """Write rows of ``images`` that are not there, as pending, and return which are known: they
        have arrived already, or were removed. A row that is there is never overwritten.

        Raises `DatasetMissingError`, and `InvalidParameterError` for a label that is no class.
        """
        book = self._book(name)
        book.check_labels([image.label for image in images])

        def put(image: DatasetImage) -> str | None:
            pending = replace(image, state="pending")
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=_image_item(name, pending, book.dataset.revision),
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                found = self._row("IMAGES", name, image.sha256)
                arrived = found is not None and found["state"]["S"] != "pending"
                return image.sha256 if arrived else None
            return None

        # Of an image that is named twice, the first counts.
        each = {image.sha256: image for image in reversed(images)}
        found = self._each(put, list(each.values())[::-1])
        return tuple(known for known in found if known is not None)

    def change(self, name: str, changes: Sequence[ImageChange], by: str) -> int:
        """Change images, each on condition that it is there, and return how many were.

        ``by``: who gives the labels. Raises `DatasetMissingError`, and `InvalidParameterError` for
        a label that is no class.
        """
        book = self._book(name)
        book.check_labels([change.label for change in changes if change.label is not KEEP])

        def write(change: ImageChange) -> bool:
            values: dict[str, Any] = {}
            if change.label is not KEEP:
                # What was suspected of the label before is not of this one.
                given = {"label": change.label, "labelled_by": by if change.label else None}
                values |= given | {"revision": book.dataset.revision, "suspected": None}
            if change.removed is not KEEP:
                values["removed"] = change.removed or None
            if change.part is not KEEP:
                values["part"] = change.part
            return self._update(name, change.sha256, values, "attribute_exists(pk)")

        # Those of one image one after the other, in their order.
        each: dict[str, list[ImageChange]] = {}
        for change in changes:
            each.setdefault(change.sha256, []).append(change)
        return sum(self._each(lambda some: sum(map(write, some)), list(each.values())))

    def images(self, name: str, cursor: str | None, limit: int) -> dynamodb.Page[DatasetImage]:
        """At most ``limit`` images after ``cursor``, by hash.

        Raises `DatasetMissingError` and `InvalidCursorError`.
        """
        book = self._book(name)
        asked: QueryInputTypeDef = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"IMAGES#{name}"}},
            "Limit": limit,
        }
        if cursor is not None:
            if not is_sha256(after := dynamodb.read_cursor(cursor)):
                raise dynamodb.unknown_cursor()
            asked["ExclusiveStartKey"] = _key("IMAGES", name, after)
        answer = self.client.query(**asked)
        images = tuple(_image(item, book) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return dynamodb.Page(images, dynamodb.write_cursor(last["sk"]["S"]) if last else None)

    def image(self, name: str, sha256: str) -> DatasetImage:
        """One image, read consistently. Raises `DatasetMissingError`."""
        book = self._book(name)
        item = self._row("IMAGES", name, sha256)
        if item is None:
            raise DatasetImageMissingError(f"The dataset {name} has no image {sha256!r:.70}.")
        return _image(item, book)

    def known(self, name: str, hashes: Sequence[str]) -> dict[str, DatasetImage]:
        """Those images of ``hashes`` that there are, removed ones too. Raises
        `DatasetMissingError`."""
        book = self._book(name)
        keys = [_key("IMAGES", name, sha256) for sha256 in hashes]
        found = dynamodb.batch_get(self.client, self.table, keys, self.sleep)
        return {item["sk"]["S"]: _image(item, book) for item in found}

    def erase(self, name: str, sha256: str) -> None:
        """Delete all rows of an image, of its facts last."""
        for kind in ("CONTENT", "IMAGES"):
            self.client.delete_item(TableName=self.table, Key=_key(kind, name, sha256))

    def all_images(self, name: str) -> Iterator[DatasetImage]:
        """All images by hash, removed ones too, read consistently. Raises `DatasetMissingError`."""
        book = self._book(name)
        found = dynamodb.query(
            self.client, self.table, "pk = :pk", {":pk": f"IMAGES#{name}"}, consistent=True
        )
        for item in found:
            yield _image(item, book)

    def curated(self, name: str, image: DatasetImage, content: ImageContent | None) -> bool:
        """Write what was found in an image that arrived: its size and ``content``, or None and its
        error. True if this call did so; False when another one had before, or it was known.

        Labels, parts and removals that were given in the meantime stay. An image that was never
        announced is added as ``image`` says. The content is written first: an image that is ready
        has one, wherever this was cut off.
        """
        if content is not None:
            self.client.put_item(
                TableName=self.table,
                Item=to_item(
                    {
                        "pk": f"CONTENT#{name}",
                        "sk": image.sha256,
                        "embedding": content.embedding,
                        "thumbnail": content.thumbnail,
                        "trunk": content.trunk,
                    }
                ),
            )
        every = _attributes(image)
        found = {
            attribute: every.get(attribute)
            for attribute in ("state", "width", "height", "bytes", "error", "group")
        }
        if self._update(name, image.sha256, found, "#state = :pending", {":pending": "pending"}):
            return True
        if image.source.startswith(COPIED):
            # Always announced: without a row it was erased while it was looked at.
            if self._row("IMAGES", name, image.sha256) is None:
                self.erase(name, image.sha256)
            return False
        try:
            self.client.put_item(
                TableName=self.table,
                Item=_image_item(name, image, self._book(name).dataset.revision),
                ConditionExpression="attribute_not_exists(pk)",
            )
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def dropped_again(self, name: str, sha256: str, key: str) -> None:
        """Remember in an image's row that it was dropped once more, and as what the last time."""
        self._update(name, sha256, {"dropped_again": key}, "attribute_exists(pk)")

    def mark(self, name: str, marks: Sequence[Mark]) -> int:
        """Write what a comparison found, and return about how many images that are there."""

        revision = self._book(name).dataset.revision

        def write(mark: Mark) -> bool:
            values: dict[str, Any] = {"suspected_revision": revision if mark.suspected else None}
            values |= {"group": mark.group, "suspected": mark.suspected}
            return self._update(
                name,
                mark.sha256,
                values | {"outlier": mark.outlier or None},
                "attribute_exists(pk)",
            )

        return sum(self._each(write, marks))

    def contents(self, name: str, hashes: Sequence[str]) -> Iterator[tuple[str, ImageContent]]:
        """The contents of those images that have one, in any order, a hundred at a time."""

        for start in range(0, len(hashes), 100):
            keys = [_key("CONTENT", name, sha256) for sha256 in hashes[start : start + 100]]
            for item in dynamodb.batch_get(self.client, self.table, keys, self.sleep):
                yield item["sk"]["S"], _content(item)

    def due(self, name: str, token: str) -> None:
        """Remember that images have changed since they were last compared."""
        self.client.put_item(
            TableName=self.table,
            Item=to_item({"pk": f"EXAMINATION#{name}", "sk": "DUE", "token": token}),
        )

    def due_token(self, name: str) -> str | None:
        """The token of the last `due`."""
        item = self._row("EXAMINATION", name, "DUE")
        return None if item is None else item["token"]["S"]

    def unexamined(self, name: str) -> str | None:
        """The token of the last `due`, where no comparison has answered it yet."""
        token, done = self.due_token(name), self._row("EXAMINATION", name, "DONE")
        answered = done is not None and done.get("token") == {"S": token}
        return None if answered else token

    def examined(self, name: str, health: Health, token: str | None) -> None:
        """Keep what the comparison of all images found."""
        row = {"pk": f"EXAMINATION#{name}", "sk": "DONE", "token": token}
        self.client.put_item(
            TableName=self.table, Item=to_item(row | {"health": strict.to_dict(health)})
        )

    def health(self, name: str) -> Health | None:
        """What the last comparison of all images found; None before the first."""
        item = self._row("EXAMINATION", name, "DONE")
        return None if item is None else strict.parse(Health, from_row(item)["health"], "health")

    def _book(self, name: str) -> Book:
        item = dynamodb.read_item(self.client, self.table, _dataset_key(name))
        if item is None or "deleting" in item:
            raise _no_dataset(name)
        return _book(item)

    def _row(self, kind: str, name: str, sort_key: str) -> "Found | None":
        return dynamodb.read_item(self.client, self.table, _key(kind, name, sort_key))

    def _update(
        self,
        name: str,
        sha256: str,
        values: Mapping[str, Any],
        condition: str,
        more: Mapping[str, Any] | None = None,
    ) -> bool:
        """Set attributes of an image, and take away those whose value is None; False where the
        condition does not hold."""
        if not values:
            return self._row("IMAGES", name, sha256) is not None
        kept, gone = _present(values), [key for key, value in values.items() if value is None]
        sets = ", ".join(f"#{key} = :{key}" for key in kept)
        removes = ", ".join(f"#{key}" for key in gone)
        update = (f"SET {sets} " if sets else "") + (f"REMOVE {removes}" if removes else "")
        names = {f"#{key}": key for key in values}
        given = {f":{key}": value for key, value in kept.items()} | dict(more or {})
        request: UpdateItemInputTypeDef = {
            "TableName": self.table,
            "Key": _key("IMAGES", name, sha256),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
        if given:
            request["ExpressionAttributeValues"] = to_item(given)
        try:
            self.client.update_item(**request)
        except self.client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _each(self, write: Callable[[T], Any], items: Sequence[T]) -> list[Any]:
        with ThreadPoolExecutor(_WRITERS) as pool:
            return list(pool.map(write, items))

    def _delete_rows(self, keys: Sequence[Found]) -> None:
        self._each(
            self._delete_some,
            [keys[start : start + _DELETED] for start in range(0, len(keys), _DELETED)],
        )

    def _delete_some(self, keys: Sequence[Found]) -> None:
        left: Sequence[WriteRequestUnionTypeDef] = [{"DeleteRequest": {"Key": key}} for key in keys]
        for attempt in range(_ATTEMPTS):
            answer = self.client.batch_write_item(RequestItems={self.table: left})
            left = answer["UnprocessedItems"].get(self.table, [])
            if not left:
                return
            dynamodb.back_off(attempt, self.sleep)
        raise PlatformError("DynamoDB left rows undeleted each time; try again.")


def _no_dataset(name: str) -> DatasetMissingError:
    return DatasetMissingError(f"There is no dataset {name!r:.80}.")


def _row_key(kind: str, name: str, sort_key: str) -> dict[str, str]:
    return {"pk": f"{kind}#{name}", "sk": sort_key}


def _key(kind: str, name: str, sort_key: str) -> Item:
    return {"pk": {"S": f"{kind}#{name}"}, "sk": {"S": sort_key}}


def _dataset_key(name: str) -> Item:
    return {"pk": {"S": DATASETS}, "sk": {"S": name}}


def _book_item(book: Book) -> Item:
    moves = [[move.revision, move.name, move.to] for move in book.moves]
    key = {"pk": DATASETS, "sk": book.dataset.name}
    return to_item({**key, **strict.to_dict(book.dataset), "moves": moves})


def _book(item: Found) -> Book:
    row = from_row(item)
    moves = tuple(
        ClassMove(revision=revision, name=name, to=to) for revision, name, to in row.pop("moves")
    )
    return Book(dataset=strict.parse(Dataset, row, "dataset"), moves=moves)


_FIELDS: Final = tuple(field.name for field in fields(DatasetImage))


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _attributes(image: DatasetImage) -> dict[str, Any]:
    """What is written of an image: most have no error, no part, and are not removed."""
    values = {name: getattr(image, name) for name in _FIELDS if name != "sha256"}
    return {key: value for key, value in values.items() if value is not None and value is not False}


def _image_item(name: str, image: DatasetImage, revision: int) -> Item:
    key = _row_key("IMAGES", name, image.sha256)
    return to_item({**key, **_attributes(image), "revision": revision})


def _image(item: Found, book: Book) -> DatasetImage:
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


def _content(item: Found) -> ImageContent:
    return ImageContent(
        embedding=bytes(item["embedding"]["B"]),
        thumbnail=bytes(item["thumbnail"]["B"]),
        trunk=item["trunk"]["S"],
    )
