"""Images of datasets as people and rules add, label, list and freeze them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args

from visionflow import dynamodb
from visionflow.datasets import rows
from visionflow.datasets.changes import KEEP, ImageChange
from visionflow.datasets.images.table import ATTEMPTS, ImageTable, contested
from visionflow.datasets.names import is_sha256
from visionflow.datasets.record import DatasetImage, Part, VersionImage
from visionflow.dynamodb import to_item
from visionflow.errors import DatasetImageMissingError, PlatformError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

# Attributes of an image's row that a version has too.
_FROZEN = tuple(field.name for field in fields(VersionImage) if field.name != "sha256")
_PARTS: Mapping[str, Part] = {part: part for part in get_args(Part)}

Admission = Literal["new", "known", "full"]
"""Of an image that the rule lets in: it is new, was there already, or is one too many today."""


class DatasetImages(ImageTable):
    """Who is announced, under which label, and who is in a version that is frozen now."""

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
        for attempt in range(ATTEMPTS):
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
        for attempt in range(ATTEMPTS):
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
        raise contested(sha256)

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

    def known(self, name: str, hashes: Sequence[str]) -> dict[str, DatasetImage]:
        """Those images of ``hashes`` that there are, removed ones too. Raises
        `DatasetMissingError`."""
        book = self._book(name)
        keys = [rows.row_key("IMAGES", name, sha256) for sha256 in hashes]
        found = dynamodb.batch_get(self._client, self._table, keys, self._sleep)
        return {item["sk"]["S"]: rows.image_of(item, book) for item in found}

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
