"""What curation finds in images, and what a comparison says about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from visionflow import dynamodb
from visionflow.datasets import rows
from visionflow.datasets.images.table import ATTEMPTS, ImageTable, contested
from visionflow.datasets.record import DatasetImage
from visionflow.dynamodb import Found, Item, to_item
from visionflow.errors import ImageError

THUMBNAIL_SIDE: Final = 96
"""Pixels."""


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


class ImageCuration(ImageTable):
    """Writes what was found in images that arrived, and reads what is kept of their pixels."""

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
        for attempt in range(ATTEMPTS):
            codes = dynamodb.transact(self._client, [there, put])
            if codes is None or "ConditionalCheckFailed" in codes:
                return codes is None
            # Somebody labels it at this moment.
            dynamodb.back_off(attempt, self._sleep)
        raise contested(sha256)

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
