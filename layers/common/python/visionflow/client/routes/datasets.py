"""Datasets: images with labels, frozen into versions, that instant trainings learn from."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from visionflow.client import answers
from visionflow.client.connection import Connection, filled
from visionflow.client.errors import AlreadyUploadedError, ImageRefusedError
from visionflow.client.reading import T
from visionflow.client.routes.group import Group
from visionflow.client.sources import Image, opened
from visionflow.client.uploads import put_image
from visionflow.errors import ImageError
from visionflow.images.formats import media_type

# Of one call of the API.
_MOST_FORMS, _MOST_CHANGES, _MOST_TAKEN = 100, 500, 25
_PAGE = 1000


class Datasets(Group):
    def list(self) -> tuple[answers.Dataset, ...]:
        return self.get(answers.DatasetList, "/datasets").items

    def create(self, name: str, classes: Sequence[str] = ()) -> answers.Dataset:
        """Raises `ConflictError` for a name that is taken."""
        return self.post(answers.Dataset, "/datasets", {"name": name, "classes": [*classes]})

    def __getitem__(self, name: str) -> "Dataset":
        """The dataset of this name, which may not exist yet."""
        return Dataset(self.connection, name)


@dataclass(frozen=True)
class Dataset(Group):
    """One dataset. Each call raises `NotFoundError` where it is not there."""

    connection: Connection
    name: str

    def details(self) -> answers.DatasetDetails:
        """With its health, its latest version and its latest training."""
        return self.get(answers.DatasetDetails, self._path(""))

    def remove(self) -> None:
        """Delete it, however many calls that takes."""
        while not self.delete(answers.DatasetDeleted, self._path("")).deleted:
            pass

    def change_class(self, action: str, name: str, **more: str | None) -> answers.Dataset:
        """``add`` or ``describe`` (``ko``, ``en``: its name in these languages), ``delete``,
        ``rename`` or ``merge`` (``to``)."""
        wanted = {"action": action, "name": name, **more}
        return self.post(answers.Dataset, self._path("/classes"), wanted)

    def set_flow(
        self,
        kinds: Sequence[str],
        *,
        model: str | None = None,
        per_day: int | None = None,
        train: bool = False,
    ) -> answers.Dataset:
        """Let records flow in by a rule."""
        rule = {"kinds": [*kinds], "model": model, "per_day": per_day, "train": train}
        return self.post(answers.Dataset, self._path("/flow"), rule, repeatable=True)

    def clear_flow(self) -> answers.Dataset:
        return self.delete(answers.Dataset, self._path("/flow"))

    def images(
        self, *, label: str | None = None, state: str | None = None, only: str | None = None
    ) -> Iterator[answers.DatasetImage]:
        """Images that were not removed; ``only``: ``unlabelled``, ``suspected``, ``outlier`` or
        ``duplicate``."""
        query = {"label": label, "state": state, "filter": only}
        return self.pages(answers.ImagePage, self._path("/images"), query, size=_PAGE)

    def image_page(self, cursor: str | None) -> answers.ImagePage:
        """A thousand of `images`, by their hash."""
        return self.get(answers.ImagePage, self._path("/images"), limit=_PAGE, cursor=cursor)

    def image(self, sha256: str) -> answers.ImageDetails:
        """One image with a URL of its bytes. Raises `NotFoundError`."""
        return self.get(answers.ImageDetails, self._path("/images/{}", sha256))

    def thumbnails(self, sha256s: Sequence[str]) -> answers.Thumbnails:
        """Of at most 50 images."""
        return self.get(answers.Thumbnails, self._path("/thumbnails"), images=",".join(sha256s))

    def links(self, sha256s: Sequence[str]) -> answers.ImageLinks:
        """URLs of the bytes of at most 50 images."""
        return self.get(answers.ImageLinks, self._path("/links"), images=",".join(sha256s))

    def add(self, images: Sequence[Image], label: str | None = None) -> int:
        """Send those images that the dataset does not have; returns how many were sent. A hundred
        are in memory at once. The same call again sends what is left.

        Raises `ImageRefusedError` for what is not an image, before any of its hundred is sent.
        """
        sent = 0
        for start in range(0, len(images), _MOST_FORMS):
            some = [opened(image) for image in images[start : start + _MOST_FORMS]]
            by_hash = {hashlib.sha256(one.data).hexdigest(): one for one in some}
            wanted = [
                {
                    "sha256": sha256,
                    "bytes": len(one.data),
                    "content_type": _media_type(one.data),
                    "label": label,
                    "file_name": one.filename,
                    "source": "push",
                }
                for sha256, one in by_hash.items()
            ]
            for form in self.upload_forms(wanted).forms:
                try:
                    data = by_hash[form.sha256].data
                    put_image(self.connection, form.url, form.headers, data)
                except AlreadyUploadedError:
                    continue  # by an earlier call, and not looked at yet
                sent += 1
        return sent

    def upload_forms(self, images: Sequence[Mapping[str, object]]) -> answers.UploadForms:
        """Signed requests for at most 100 images, and hashes of those that need not be sent."""
        path = self._path("/uploads")
        return self.post(answers.UploadForms, path, {"images": [*images]}, repeatable=True)

    def change_images(self, changes: Sequence[Mapping[str, object]]) -> int:
        """Each change names a ``sha256`` with its new ``label``, ``part`` or ``removed``. Returns
        how many were changed; of a repeated request, some may count twice or not at all."""
        path = self._path("/changes")

        def change(some: Sequence[Mapping[str, object]]) -> int:
            body = {"changes": [*some]}
            return self.post(answers.ImagesChanged, path, body, repeatable=True).changed

        return sum(map(change, _batches(changes, _MOST_CHANGES)))

    def take(
        self, prediction_ids: Sequence[str], label: str | None = None
    ) -> list[answers.PredictionsTaken]:
        """Copy images of predictions in, with ``label`` or with their feedback's."""
        path = self._path("/predictions")
        return [
            self.post(
                answers.PredictionsTaken, path, {"ids": [*some], "label": label}, repeatable=True
            )
            for some in _batches(prediction_ids, _MOST_TAKEN)
        ]

    def versions(self) -> tuple[answers.DatasetVersion, ...]:
        return self.get(answers.VersionList, self._path("/versions")).items

    def version(self, number: int) -> answers.VersionDetails:
        """One version with a URL of its manifest, and the model versions that it made."""
        return self.get(answers.VersionDetails, self._path("/versions/{}", number))

    def freeze(self, note: str | None = None) -> answers.DatasetVersion:
        """Make a version, which never changes. It is sent once."""
        return self.post(answers.DatasetVersion, self._path("/versions"), {"note": note})

    def diff(self, new: int, old: int | None = None) -> answers.VersionDiff:
        path = self._path("/versions/{}/diff", new)
        return self.get(answers.VersionDiff, path, **{"from": old})

    def train(
        self, *, model: str | None = None, promote: bool = False, version: int | None = None
    ) -> answers.InstantRun:
        """Start an instant training. It is sent once; `runs` has it where the answer is lost."""
        wanted = {"model": model, "promote": promote, "version": version}
        return self.post(answers.InstantRun, self._path("/train"), wanted)

    def runs(self) -> tuple[answers.InstantRun, ...]:
        return self.get(answers.RunList, self._path("/runs")).items

    def run(self, run_id: str) -> answers.InstantRun:
        return self.get(answers.InstantRun, self._path("/runs/{}", run_id))

    def _path(self, path: str, *parts: str | int) -> str:
        return filled(f"/datasets/{{}}{path}", self.name, *parts)


def _media_type(data: bytes) -> str:
    try:
        return media_type(data)
    except ImageError as error:
        raise ImageRefusedError(str(error), error.code) from error


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
