"""Images of datasets in DynamoDB: what is known of each, every change on its condition.

Rows: ``IMAGES#<name> / <sha256>`` with facts, ``CONTENT#<name> / <sha256>`` with what pages and
trainings need of the pixels.

Beside its facts, an image's row has ``also``, a set of further records that it is a copy of, and
``erasing`` once the last of them was erased.

An image's facts are written by several at once: who announces it, who labels it, who curates it and
who compares it with the others. Each writes attributes of their own, so nobody's are lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from visionflow import dynamodb
from visionflow.datasets import rows
from visionflow.datasets.changes import KEEP, Book, ImageChange
from visionflow.datasets.names import COPIED, is_sha256
from visionflow.datasets.record import DatasetImage, Part, VersionImage
from visionflow.dynamodb import Found, Item, Sleep, to_item
from visionflow.errors import DatasetImageMissingError, ImageError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef, UpdateItemInputTypeDef

THUMBNAIL_SIDE: Final = 96
"""Pixels."""

_ATTEMPTS = 8
# Attributes of an image's row that a version has too.
_FROZEN = tuple(field.name for field in fields(VersionImage) if field.name != "sha256")
_SOURCE: Mapping[str, str] = {"#source": "source"}
_PARTS: Mapping[str, Part] = {part: part for part in get_args(Part)}

Admission = Literal["new", "known", "full"]
"""Of an image that the rule lets in: it is new, was there already, or is one too many today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """What is kept of an image's pixels.

    Attributes:
        embedding: as `visionflow.answers.embedder.packed` makes it.
        thumbnail: a JPEG of at most `THUMBNAIL_SIDE` on its longer side.
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


class DatasetImages:
    """Owns the rows of images in the table of datasets."""

    def __init__(self, table: str, dynamodb: "DynamoDBClient", sleep: Sleep) -> None:
        self._table = table
        self._client = dynamodb
        self._sleep = sleep

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
                self._client.put_item(
                    TableName=self._table,
                    Item=rows.image_item(name, pending, book.dataset.revision),
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                found = self._row("IMAGES", name, image.sha256)
                arrived = found is not None and found["state"]["S"] != "pending"
                return image.sha256 if arrived else None
            return None

        # Of an image that is named twice, the first counts.
        each = {image.sha256: image for image in reversed(images)}
        found = rows.each(put, list(each.values())[::-1])
        return tuple(known for known in found if known is not None)

    def let_in(self, name: str, image: DatasetImage, day: str, most: int) -> Admission:
        """Announce an image by the rule, as one of at most ``most`` new ones on ``day``, in one
        write: it is counted exactly once, and a dataset that is being deleted gets no more rows.

        Raises `DatasetMissingError`, and `InvalidParameterError` for a label that is no class.
        """
        book = self._book(name)
        book.check_labels([image.label])
        pending = replace(image, state="pending")
        there: dynamodb.Action = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": rows.dataset_key(name),
                "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(deleting)",
            }
        }
        put: dynamodb.Action = {
            "Put": {
                "TableName": self._table,
                "Item": rows.image_item(name, pending, book.dataset.revision),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        count: dynamodb.Action = {
            "Update": {
                "TableName": self._table,
                "Key": rows.row_key("FLOW", name, day),
                "UpdateExpression": "ADD images :one",
                "ConditionExpression": "attribute_not_exists(images) OR images < :most",
                "ExpressionAttributeValues": to_item({":one": 1, ":most": most}),
            }
        }
        for attempt in range(_ATTEMPTS):
            codes = dynamodb.transact(self._client, [there, put, count])
            if codes is None:
                return "new"
            deleted, known, full = (code == "ConditionalCheckFailed" for code in codes)
            if deleted:
                raise rows.no_dataset(name)
            if known or full:
                return "known" if known else "full"
            dynamodb.back_off(attempt, self._sleep)
        raise PlatformError(f"The dataset {name} keeps being written to by others; try again.")

    def correct(self, name: str, sha256: str, label: str | None, by: str) -> bool:
        """Give an image ``label`` by the rule ``by``, or take away the one that the rule gave,
        unless it was removed or a person has decided on its label. True if it has the rule's
        label, or lost it now.

        Raises `DatasetMissingError`, and `InvalidParameterError` for a label that is no class.
        """
        book = self._book(name)
        book.check_labels([label])
        for attempt in range(_ATTEMPTS):
            item = self._row("IMAGES", name, sha256)
            if item is None:
                return False
            seen = rows.image_of(item, book)
            theirs = seen.label is not None and seen.labelled_by != by
            if seen.removed or theirs or "unlabelled" in item:
                return False
            if seen.label == label:
                # A delivery that was cut off after this may not have asked for a comparison.
                return label is not None
            given = {"label": label, "labelled_by": by if label else None}
            values = given | {"revision": book.dataset.revision}
            # On condition that the label is as it was seen.
            if "label" in item:
                condition = "#label = :seen AND #labelled_by = :giver"
                before = {":seen": item["label"]["S"], ":giver": item["labelled_by"]["S"]}
            else:
                condition, before = "attribute_exists(pk) AND attribute_not_exists(#label)", {}
            condition += " AND attribute_not_exists(removed) AND attribute_not_exists(unlabelled)"
            if self._update(name, sha256, values | {"suspected": None}, condition, before):
                return True
            dynamodb.back_off(attempt, self._sleep)
        raise PlatformError(f"The image {sha256} keeps being written to by others; try again.")

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
                # Then no rule labels it.
                values["unlabelled"] = None if change.label else True
            if change.removed is not KEEP:
                values["removed"] = change.removed or None
            if change.part is not KEEP:
                values["part"] = change.part
            return self._update(name, change.sha256, values, "attribute_exists(pk)")

        # Those of one image one after the other, in their order.
        each: dict[str, list[ImageChange]] = {}
        for change in changes:
            each.setdefault(change.sha256, []).append(change)
        return sum(rows.each(lambda some: sum(map(write, some)), list(each.values())))

    def page(self, name: str, cursor: str | None, limit: int) -> dynamodb.Page[DatasetImage]:
        """At most ``limit`` images after ``cursor``, by hash.

        Raises `DatasetMissingError` and `InvalidCursorError`.
        """
        book = self._book(name)
        asked: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": f"IMAGES#{name}"}},
            "Limit": limit,
        }
        if cursor is not None:
            if not is_sha256(after := dynamodb.read_cursor(cursor)):
                raise dynamodb.unknown_cursor()
            asked["ExclusiveStartKey"] = rows.row_key("IMAGES", name, after)
        answer = self._client.query(**asked)
        images = tuple(rows.image_of(item, book) for item in answer["Items"])
        last = answer.get("LastEvaluatedKey")
        return dynamodb.Page(images, dynamodb.write_cursor(last["sk"]["S"]) if last else None)

    def image(self, name: str, sha256: str) -> DatasetImage:
        """One image, read consistently. Raises `DatasetMissingError`."""
        book = self._book(name)
        item = self._row("IMAGES", name, sha256)
        if item is None:
            raise DatasetImageMissingError(f"The dataset {name} has no image {sha256!r:.70}.")
        return rows.image_of(item, book)

    def came(self, name: str, sha256: str, source: str) -> None:
        """Say where an image came from, in place of what was known; a copy stays one."""
        condition = "attribute_exists(pk) AND NOT begins_with(#source, :copied)"
        self._update(name, sha256, {"source": source}, condition, {":copied": COPIED})

    def came_also(self, name: str, sha256: str, source: str) -> None:
        """An image that is there is a copy from ``source`` too; where it is not a copy, nothing is
        kept. Raises `PlatformError` where it is being erased at this moment: then it is announced
        anew."""
        item = self._row("IMAGES", name, sha256)
        if item is not None and "erasing" not in item:
            first = item["source"]["S"]
            known = first == source or source in item.get("also", {}).get("SS", ())
            if known or not first.startswith(COPIED):
                return
            values = {":sources": {source}, ":source": source, ":copied": COPIED}
            condition = (
                "attribute_not_exists(erasing) AND begins_with(#source, :copied) "
                "AND #source <> :source"
            )
            if self._write(name, sha256, "ADD also :sources", condition, _SOURCE, values):
                return
        raise PlatformError(f"The image {sha256} is being erased at this moment; try again.")

    def leave(self, name: str, sha256: str, source: str) -> bool:
        """``source`` stands behind an image no more. True where nothing else does: its row takes no
        further source then, and is the caller's to erase. Also in a dataset that is being deleted.
        """
        for attempt in range(_ATTEMPTS):
            item = self._row("IMAGES", name, sha256)
            if item is None:
                return False
            others = item.get("also", {}).get("SS", [])
            first = item["source"]["S"] == source
            values: dict[str, Any] = {":source": source}
            if not (first or source in others):
                return False
            # Each on condition that it is as it was read.
            if not first:
                update, condition = "DELETE also :gone", "#source <> :source"
                values |= {":gone": {source}}
            elif others:
                update = "SET #source = :next DELETE also :gone"
                condition = "#source = :source AND contains(also, :next)"
                values |= {":next": min(others), ":gone": {min(others)}}
            else:
                update = "SET erasing = :yes"
                condition = "#source = :source AND attribute_not_exists(also)"
                values |= {":yes": True}
            if self._write(name, sha256, update, condition, _SOURCE, values):
                return first and not others
            dynamodb.back_off(attempt, self._sleep)
        raise PlatformError(f"The image {sha256} keeps being written to by others; try again.")

    def known(self, name: str, hashes: Sequence[str]) -> dict[str, DatasetImage]:
        """Those images of ``hashes`` that there are, removed ones too. Raises
        `DatasetMissingError`."""
        book = self._book(name)
        keys = [rows.row_key("IMAGES", name, sha256) for sha256 in hashes]
        found = dynamodb.batch_get(self._client, self._table, keys, self._sleep)
        return {item["sk"]["S"]: rows.image_of(item, book) for item in found}

    def erase(self, name: str, sha256: str) -> None:
        """Delete all rows of an image, of its facts last."""
        for kind in ("CONTENT", "IMAGES"):
            self._client.delete_item(TableName=self._table, Key=rows.row_key(kind, name, sha256))

    def all(self, name: str) -> Iterator[DatasetImage]:
        """All images by hash, removed ones too, read consistently. Raises `DatasetMissingError`."""
        book = self._book(name)
        found = dynamodb.query(
            self._client, self._table, "pk = :pk", {":pk": f"IMAGES#{name}"}, consistent=True
        )
        for item in found:
            yield rows.image_of(item, book)

    def added_since(self, name: str, since: str, most: int) -> tuple[int, int]:
        """How many images were added from ``since`` on, and how many rows were read for it: at most
        ``most``, the others are not looked at."""
        values = {":pk": f"IMAGES#{name}"}
        found = dynamodb.query(self._client, self._table, "pk = :pk", values, names=("added_at",))
        times = [item["added_at"]["S"] for item in islice(found, most)]
        return sum(at >= since for at in times), len(times)

    def to_freeze(self, name: str) -> Iterator[VersionImage]:
        """What a version of now holds, by hash: labelled images that are ready and not removed.
        Read consistently, and in half the time of `all`. Raises `DatasetMissingError`."""
        book = self._book(name)
        found = dynamodb.query(
            self._client,
            self._table,
            "pk = :pk",
            {":pk": f"IMAGES#{name}"},
            names=("sk", "state", "removed", "revision", *_FROZEN),
            consistent=True,
        )
        for item in found:
            text = {field: item[field]["S"] for field in _FROZEN if field in item}
            label = book.label(text.get("label"), int(item["revision"]["N"]))
            ready = item["state"]["S"] == "ready" and "removed" not in item
            if ready and label is not None:
                yield VersionImage(
                    sha256=item["sk"]["S"],
                    label=label,
                    part=_PARTS[text["part"]] if "part" in text else None,
                    group=text.get("group"),
                    source=text["source"],
                    added_by=text["added_by"],
                    added_at=text["added_at"],
                )

    def curated(self, name: str, image: DatasetImage, content: ImageContent | None) -> bool:
        """Write what was found in an image that arrived: its size and ``content``, or None and its
        error. True if this call did so; False when another one had before, or it was known.

        Labels, parts and removals that were given in the meantime stay. The content is written
        first: an image that is ready has one, wherever this was cut off.
        """
        if content is not None:
            item = _content_item(name, image.sha256, content)
            self._client.put_item(TableName=self._table, Item=item)
        every = rows.attributes(image)
        found = {
            attribute: every.get(attribute)
            for attribute in ("state", "width", "height", "bytes", "error", "group")
        }
        if self._update(name, image.sha256, found, "#state = :pending", {":pending": "pending"}):
            return True
        # Always announced: without a row it was erased while it was looked at.
        if self._row("IMAGES", name, image.sha256) is None:
            self.erase(name, image.sha256)
        return False

    def embedded(self, name: str, sha256: str, content: ImageContent) -> bool:
        """Write the content of an image that is there; False for one that was erased meanwhile."""
        there: dynamodb.Action = {
            "ConditionCheck": {
                "TableName": self._table,
                "Key": rows.row_key("IMAGES", name, sha256),
                "ConditionExpression": "attribute_exists(pk)",
            }
        }
        item = _content_item(name, sha256, content)
        put: dynamodb.Action = {"Put": {"TableName": self._table, "Item": item}}
        for attempt in range(_ATTEMPTS):
            codes = dynamodb.transact(self._client, [there, put])
            if codes is None or "ConditionalCheckFailed" in codes:
                return codes is None
            # Somebody labels it at this moment.
            dynamodb.back_off(attempt, self._sleep)
        raise PlatformError(f"The image {sha256} keeps being written to by others; try again.")

    def unreadable(self, name: str, sha256: str, error: ImageError) -> bool:
        """Say of an image that was ready that it cannot be read any more, and why."""
        found = {"state": "unreadable", "error": (error.code, str(error))}
        return self._update(name, sha256, found, "#state = :ready", {":ready": "ready"})

    def dropped_again(self, name: str, sha256: str, key: str) -> None:
        """Remember in an image's row that it was dropped once more, and as what the last time."""
        self._update(name, sha256, {"dropped_again": key}, "attribute_exists(pk)")

    def mark(self, name: str, marks: Sequence[Mark]) -> None:
        """Write what a comparison found of images that are still there."""
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

        rows.each(write, marks)

    def contents(self, name: str, hashes: Sequence[str]) -> Iterator[tuple[str, ImageContent]]:
        """The contents of those images that have one, in any order, a hundred at a time."""
        for start in range(0, len(hashes), 100):
            keys = [rows.row_key("CONTENT", name, sha256) for sha256 in hashes[start : start + 100]]
            for item in dynamodb.batch_get(self._client, self._table, keys, self._sleep):
                yield item["sk"]["S"], _content(item)

    def _book(self, name: str) -> Book:
        return rows.read_book(self._client, self._table, name)

    def _row(self, kind: str, name: str, sort_key: str) -> "Found | None":
        return dynamodb.read_item(self._client, self._table, rows.row_key(kind, name, sort_key))

    def _update(
        self,
        name: str,
        sha256: str,
        values: Mapping[str, Any],
        condition: str,
        condition_values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Set attributes of an image, and take away those whose value is None; False where the
        condition does not hold."""
        if not values:
            return self._row("IMAGES", name, sha256) is not None
        kept, gone = rows.present(values), [key for key, value in values.items() if value is None]
        sets = ", ".join(f"#{key} = :{key}" for key in kept)
        removes = ", ".join(f"#{key}" for key in gone)
        update = (f"SET {sets} " if sets else "") + (f"REMOVE {removes}" if removes else "")
        names = {f"#{key}": key for key in values}
        given = {f":{key}": value for key, value in kept.items()} | dict(condition_values or {})
        return self._write(name, sha256, update, condition, names, given)

    def _write(
        self,
        name: str,
        sha256: str,
        update: str,
        condition: str,
        names: Mapping[str, str],
        values: Mapping[str, Any],
    ) -> bool:
        """Update the row of an image; False where the condition does not hold."""
        request: UpdateItemInputTypeDef = {
            "TableName": self._table,
            "Key": rows.row_key("IMAGES", name, sha256),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
        }
        if values:
            request["ExpressionAttributeValues"] = to_item(values)
        try:
            self._client.update_item(**request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _content_item(name: str, sha256: str, content: ImageContent) -> Item:
    values = {
        "embedding": content.embedding,
        "thumbnail": content.thumbnail,
        "trunk": content.trunk,
    }
    return rows.row_key("CONTENT", name, sha256) | to_item(values)


def _content(item: Found) -> ImageContent:
    return ImageContent(
        embedding=bytes(item["embedding"]["B"]),
        thumbnail=bytes(item["thumbnail"]["B"]),
        trunk=item["trunk"]["S"],
    )
