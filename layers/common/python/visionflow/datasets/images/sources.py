"""Where images came from, and of which records they are copies.

Beside its facts, an image's row has ``also``, a set of further records that it is a copy of, and
``erasing`` once the last of them was erased.
"""

from collections.abc import Mapping
from typing import Any

from visionflow import dynamodb
from visionflow.datasets.images.table import ATTEMPTS, ImageTable, contested
from visionflow.datasets.names import COPIED
from visionflow.errors import PlatformError

_SOURCE: Mapping[str, str] = {"#source": "source"}


class ImageSources(ImageTable):
    """What stands behind each image, so that erasing a record erases its copies."""

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
        for attempt in range(ATTEMPTS):
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
        raise contested(sha256)
