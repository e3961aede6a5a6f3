"""Images of datasets: listing them, letting them in, and changing what is said of them."""

import base64
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from lambdas.api.datasets.bodies import (
    MOST_CHANGES,
    MOST_LINKS,
    MOST_PREDICTIONS,
    MOST_THUMBNAILS,
    MOST_UPLOADS,
    DatasetUpload,
    ImageChangeRequest,
    ImageDetails,
    ImageFilter,
    ImageLinks,
    ImagePage,
    ImagesChanged,
    NewImage,
    PredictionsTaken,
    TakeRequest,
    Thumbnails,
    UploadForms,
)
from lambdas.api.records import Records
from lambdas.api.resources import Resources
from lambdas.web.json_body import read_item
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageStore
from visionflow.datasets import rows
from visionflow.datasets.changes import KEEP, ImageChange
from visionflow.datasets.names import COPIED, content_key, is_sha256, source_of
from visionflow.datasets.record import Dataset, DatasetImage, ImageState
from visionflow.datasets.store import DatasetStore
from visionflow.errors import (
    InvalidBodyError,
    InvalidParameterError,
    PredictionNotFoundError,
)
from visionflow.images.filenames import clean_filename
from visionflow.images.store import ImageStore
from visionflow.images.uploads import UploadRequest
from visionflow.insights.copies import DatasetCopies, copy_of, is_brought
from visionflow.loop.curation_queue import CurationQueue
from visionflow.predictions.record import Prediction
from visionflow.timestamps import timestamp

# An error names no more classes than this.
_MOST_NAMED = 20


@dataclass(frozen=True)
class ImageQuery:
    """Which images of a page to show; None is for all."""

    label: str | None
    state: ImageState | None
    filter: ImageFilter | None

    def shows(self, image: DatasetImage) -> bool:
        return (
            self.label in (None, image.label)
            and self.state in (None, image.state)
            and (self.filter is None or _FILTERS[self.filter](image))
        )


_FILTERS: dict[ImageFilter, Callable[[DatasetImage], bool]] = {
    "unlabelled": lambda image: image.label is None and image.state != "unreadable",
    "suspected": lambda image: image.suspected is not None,
    "outlier": lambda image: image.outlier,
    # The first of a group is the one to keep.
    "duplicate": lambda image: image.group not in (None, image.sha256),
}


@dataclass(frozen=True)
class DatasetImages:
    """``content``: the bucket of datasets."""

    store: DatasetStore
    content: ImageStore
    records: Records
    usage: UsageStore
    curation: CurationQueue
    copies: DatasetCopies

    @classmethod
    def build(
        cls, resources: Resources, store: DatasetStore, content: ImageStore, curation: CurationQueue
    ) -> Self:
        copies = DatasetCopies(store, content)
        return cls(store, content, Records.build(resources), resources.usage, curation, copies)

    def page(self, name: str, query: ImageQuery, limit: int, cursor: str | None) -> ImagePage:
        """Raises `DatasetMissingError`, `InvalidCursorError`."""
        self.store.dataset(name)
        page = self.store.images.page(name, cursor, limit)
        shown = (image for image in page.items if not image.removed and query.shows(image))
        return ImagePage(tuple(shown), page.next_cursor)

    def thumbnails(self, name: str, hashes: Sequence[str]) -> Thumbnails:
        """Raises `DatasetMissingError`, `InvalidParameterError`."""
        _check_hashes(hashes, MOST_THUMBNAILS)
        self.store.dataset(name)
        contents = self.store.curation.contents(name, tuple(dict.fromkeys(hashes)))
        return Thumbnails({sha256: _data_url(found.thumbnail) for sha256, found in contents})

    def links(self, name: str, hashes: Sequence[str]) -> ImageLinks:
        """Raises `DatasetMissingError`, `InvalidParameterError`."""
        _check_hashes(hashes, MOST_LINKS)
        known = self.store.images.known(name, tuple(dict.fromkeys(hashes)))
        arrived = [sha256 for sha256, image in known.items() if image.state != "pending"]
        return ImageLinks(
            {sha256: self.content.url(content_key(name, sha256)) for sha256 in arrived}
        )

    def details(self, name: str, sha256: str) -> ImageDetails:
        """Raises `DatasetMissingError`, `DatasetImageMissingError`."""
        check_hash("sha256", sha256)
        image = self.store.images.image(name, sha256)
        arrived = image.state != "pending"
        url = self.content.url(content_key(name, sha256)) if arrived else None
        return ImageDetails(image, url)

    def forms(
        self, name: str, wanted: Sequence[Mapping[str, Any]], caller: Caller, now: datetime
    ) -> UploadForms:
        """Signed requests for images that the dataset does not have yet.

        An image that was announced before and has not arrived gets a form again; one that has, and
        still waits to be curated, is brought to the curation again; and one that was removed is
        back with the label that is given. A copy of predictions' images goes when the last of them
        is erased, and is not let in for one that was. Images and bytes count as those of
        ``POST /uploads`` do. Raises `DatasetMissingError`, `InvalidParameterError`,
        `InvalidBodyError`, what `UploadRequest.check` raises, and `QuotaExceededError`.
        """
        _check_number("images", len(wanted), MOST_UPLOADS)
        dataset = self.store.dataset(name)
        images = [_new_image(dataset, index, item) for index, item in enumerate(wanted)]
        asked = {image.sha256: image for image in images}
        new, erased = [], []
        for sha256, image in list(asked.items()):
            source = self._source(image, caller)
            if source is None:
                del asked[sha256]
                erased.append(sha256)
            else:
                new.append(replace(_announced(image, caller, now), source=source))
        known = self._announce(name, new, caller)
        for row in new:
            # An erasure that ended before the row was written has not seen it.
            if self._source(asked[row.sha256], caller) is None and self.copies.erase_in(
                name, row.sha256, row.source
            ):
                del asked[row.sha256]
                erased.append(row.sha256)
        forms = [self._form(name, asked[sha256], caller) for sha256 in asked if sha256 not in known]
        return UploadForms(
            tuple(sha256 for sha256 in asked if sha256 in known), tuple(forms), tuple(erased)
        )

    def _source(self, image: NewImage, caller: Caller) -> str | None:
        """Where an image comes from; None for the copy of one that was erased or that ``caller``
        may not see. Of a record that has expired nothing can be erased: its copy is any image.

        Raises `InvalidParameterError` where the record is of other bytes.
        """
        if image.prediction_id is None:
            return image.source
        try:
            found = self.records.find(image.prediction_id, caller)
        except PredictionNotFoundError:
            return None if self.records.is_taken(image.prediction_id) else image.source
        if found.image.sha256 != image.sha256:
            raise InvalidParameterError(
                f"image {image.sha256} is not the one of the prediction {found.id}; leave "
                "prediction_id out.",
                "prediction_id",
            )
        return source_of(found.id)

    def _announce(self, name: str, images: Sequence[DatasetImage], caller: Caller) -> set[str]:
        """Let ``images`` in and count them. Returns which have arrived already."""
        known = self.store.images.known(name, [image.sha256 for image in images])
        waiting = [sha256 for sha256, row in known.items() if row.state == "pending"]
        there = rows.each(lambda sha256: self._look_again(name, sha256), waiting)
        absent = {sha256 for sha256, found in zip(waiting, there, strict=True) if not found}
        fresh = [image for image in images if image.sha256 not in known or image.sha256 in absent]
        if fresh:
            amounts = Amounts(images=len(fresh), bytes=sum(image.bytes for image in fresh))
            self.usage.spend(caller, amounts)
        arrived = {image.sha256 for image in images} - {image.sha256 for image in fresh}
        arrived.update(self.store.images.announce(name, fresh))
        for image in images:
            row = known.get(image.sha256)
            if row and is_brought(row, image.source, has_bytes=image.sha256 not in absent):
                self.store.sources.came(name, image.sha256, image.source)
        copies = [image for image in images if image.source.startswith(COPIED)]
        rows.each(lambda row: self.store.sources.came_also(name, row.sha256, row.source), copies)
        removed = [image for image in images if (row := known.get(image.sha256)) and row.removed]
        back = [
            ImageChange(sha256=image.sha256, label=image.label or KEEP, removed=False)
            for image in removed
        ]
        self.store.images.change(name, back, caller.name)
        return arrived

    def _look_again(self, name: str, sha256: str) -> bool:
        """Have an image curated whose bytes have come; False where they have not."""
        key = content_key(name, sha256)
        found = self.content.found(key)
        if found is None:
            return False
        self.curation.announce(self.content.bucket, key, *found)
        return True

    def _form(self, name: str, image: NewImage, caller: Caller) -> DatasetUpload:
        key = content_key(name, image.sha256)
        signed = self.content.signed_put(
            key, image.content_type, image.bytes, caller.id, sha256=image.sha256
        )
        return DatasetUpload(image.sha256, signed.url, signed.headers)

    def change(
        self, name: str, wanted: Sequence[Mapping[str, Any]], caller: Caller
    ) -> ImagesChanged:
        """Raises `DatasetMissingError`, `InvalidParameterError`, `InvalidBodyError`."""
        _check_number("changes", len(wanted), MOST_CHANGES)
        dataset = self.store.dataset(name)
        changes = [_change(dataset, index, item) for index, item in enumerate(wanted)]
        changed = self.store.images.change(name, changes, caller.name)
        if changed:
            self.curation.renew(name)
        return ImagesChanged(changed)

    def take(
        self, name: str, wanted: TakeRequest, caller: Caller, now: datetime
    ) -> PredictionsTaken:
        """Copy the images of predictions that ``caller`` may see.

        Raises `DatasetMissingError`, `InvalidParameterError`, `QuotaExceededError`.
        """
        _check_number("ids", len(wanted.ids), MOST_PREDICTIONS)
        dataset = self.store.dataset(name)
        # Of several records of one image, each comes after the one before.
        rounds: list[dict[str, tuple[Prediction, DatasetImage]]] = []
        missing = []
        for prediction_id in dict.fromkeys(wanted.ids):
            prediction = self._find(prediction_id, caller)
            if prediction is None:
                missing.append(prediction_id)
                continue
            label = _label_of(dataset, prediction, wanted.label)
            image = copy_of(prediction, label, caller.name, now)
            found = next((found for found in rounds if image.sha256 not in found), None)
            if found is None:
                rounds.append(found := {})
            found[image.sha256] = (prediction, image)
        counts: Counter[bool] = Counter()
        for found in rounds:
            missing += self._copy(name, found, counts, caller)
        return PredictionsTaken(counts[False], counts[True], tuple(missing))

    def _find(self, prediction_id: str, caller: Caller) -> Prediction | None:
        """A prediction whose image could be read."""
        try:
            found = self.records.find(prediction_id, caller)
        except PredictionNotFoundError:
            return None
        return found if found.image.sha256 and found.image.bytes else None

    def _copy(
        self,
        name: str,
        found: Mapping[str, tuple[Prediction, DatasetImage]],
        counts: Counter[bool],
        caller: Caller,
    ) -> list[str]:
        """Count images by whether they were there. Returns the records that are gone by now."""
        known = self._announce(name, [image for _, image in found.values()], caller)
        missing = []
        for sha256, (prediction, _) in found.items():
            there = sha256 in known
            take = self.copies.stands if there else self.copies.take
            if take(name, prediction, lambda id_: self._find(id_, caller)):
                counts[there] += 1
            else:
                missing.append(prediction.id)
        return missing


def check_hash(what: str, sha256: str) -> str:
    """Raises `InvalidParameterError`."""
    if not is_sha256(sha256):
        raise InvalidParameterError(
            f"{what} must be named by the SHA-256 of its bytes, 64 digits of 0-9 and a-f; found "
            f"{sha256!r:.80}.",
            what,
        )
    return sha256


def _check_hashes(hashes: Sequence[str], most: int) -> None:
    if not 1 <= len(hashes) <= most:
        raise InvalidParameterError(
            f"images must name 1 to {most} hashes, found {len(hashes)}.", "images"
        )
    for sha256 in hashes:
        check_hash("images", sha256)


def class_named(dataset: Dataset, label: str) -> str:
    """The class of the dataset that ``label`` is, as it is written there. Raises
    `InvalidParameterError`."""
    if (known := dataset.class_of(label)) is not None:
        return known
    names = [found.name for found in dataset.classes]
    left = len(names) - _MOST_NAMED
    more = f" and {left} more" if left > 0 else ""
    listed = ", ".join(names[:_MOST_NAMED]) + more if names else "none yet"
    raise InvalidParameterError(
        f"label {label!r:.80} is not a class of {dataset.name} ({listed}); add it by POST "
        f"/datasets/{dataset.name}/classes.",
        "label",
    )


def _check_number(what: str, found: int, most: int) -> None:
    if not 1 <= found <= most:
        raise InvalidParameterError(f"{what} must have 1 to {most} items, found {found}.", what)


def _new_image(dataset: Dataset, index: int, item: Mapping[str, Any]) -> NewImage:
    where = f"images[{index}]"
    image = read_item(NewImage, item, where)
    check_hash(f"{where}.sha256", image.sha256)
    UploadRequest(image.content_type, image.bytes).check()
    label = None if image.label is None else class_named(dataset, image.label)
    return replace(image, label=label, file_name=clean_filename(image.file_name))


def _label_of(dataset: Dataset, prediction: Prediction, label: str | None) -> str | None:
    """``label``, or that of the feedback, as a class. Raises `InvalidParameterError`."""
    feedback = prediction.feedback
    if label is None and feedback is not None and not feedback.is_parent:
        label = feedback.label
    return None if label is None else class_named(dataset, label)


def _announced(image: NewImage, caller: Caller, now: datetime) -> DatasetImage:
    return DatasetImage(
        sha256=image.sha256,
        state="pending",
        added_at=timestamp(now),
        added_by=caller.name,
        source=image.source,
        bytes=image.bytes,
        file_name=image.file_name,
        label=image.label,
        labelled_by=None if image.label is None else caller.name,
    )


def _change(dataset: Dataset, index: int, item: Mapping[str, Any]) -> ImageChange:
    where = f"changes[{index}]"
    wanted = read_item(ImageChangeRequest, item, where)
    check_hash(f"{where}.sha256", wanted.sha256)
    label = None if wanted.label is None else class_named(dataset, wanted.label)
    if not item.keys() - {"sha256"}:
        raise InvalidBodyError(f"{where} changes nothing; give label, removed or part.", where)
    return ImageChange(
        sha256=wanted.sha256,
        label=label if "label" in item else KEEP,
        removed=wanted.removed if "removed" in item else KEEP,
        part=wanted.part if "part" in item else KEEP,
    )


def _data_url(thumbnail: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(thumbnail).decode()}"
