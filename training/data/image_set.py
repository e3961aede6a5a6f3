"""Images as the served model sees them, decoded once: for every measurement."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from training.data.cache import cached_bytes
from training.data.folders.left_out import LeftOut
from training.data.listing import Int64Array, Listing, read_bytes
from training.data.threads import Result, in_threads
from training.errors import DatasetError
from training.stop import check_stop
from visionflow.errors import ImageError
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array, decode, load

# Pixels of the images in one batch. With more, activations leave the processor's cache, and 250
# images of 224 px take VGG16 several GB.
BATCH_PIXELS = 400_000
LARGEST_BATCH = 250


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images ready for a network, with what they show.

    ``images``: uint8 RGB [N, size, size, 3], in memory or mapped from a file; ``targets``: int64
    [N], indices into ``labels``; ``files``: POSIX paths relative to the folder they come from.
    """

    labels: tuple[str, ...]
    images: UInt8Array
    targets: Int64Array
    files: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)

    def subset(self, indices: Int64Array) -> "ImageSet":
        """The images at ``indices``, in that order."""
        return ImageSet(
            self.labels,
            self.images[indices],
            self.targets[indices],
            tuple(self.files[i] for i in indices),
        )


def load_images(listing: Listing, spec: InputSpec, cache: Path | None = None) -> ImageSet:
    """Decode the listed images through `visionflow.images.pipeline.load`, on all cores.

    With a ``cache`` folder the result is kept there and found again by the same content and
    ``spec``.

    Raises `DatasetError` for a file that is not an image and for a cache that cannot be written.
    """
    key = hashlib.sha256(f"{listing.sha256} {spec}".encode()).hexdigest()[:32]
    path = cache / f"{key}.images" if cache else None
    flat = cached_bytes(path, lambda: decoded(listing, partial(load, spec=spec)))
    images = flat.reshape(len(listing), spec.size, spec.size, 3)
    return ImageSet(listing.labels, images, listing.targets, listing.files)


def decoded_batches(listing: Listing, spec: InputSpec) -> Iterator[UInt8Array]:
    """The listed images as `load_images` decodes them, in batches [N, size, size, 3]: for more
    images than fit into memory. Raises `DatasetError` as it does."""
    images = decoded(listing, partial(load, spec=spec))
    while batch := list(islice(images, images_at_once(spec.size, spec.size))):
        yield np.stack(batch)


def in_batches(images: UInt8Array) -> Iterator[UInt8Array]:
    """``images`` [N, H, W, 3] in batches of `images_at_once`."""
    size = images_at_once(*images.shape[1:3])
    for start in range(0, len(images), size):
        check_stop()
        yield images[start : start + size]


def images_at_once(height: int, width: int) -> int:
    """How many images of this size a network runs fastest on."""
    return min(max(BATCH_PIXELS // (height * width), 1), LARGEST_BATCH)


def decoded(listing: Listing, decode: Callable[[bytes], Result]) -> Iterator[Result]:
    """``decode`` of each file, on all cores. Raises `UnreadableImagesError` with all that are not
    images."""

    def decode_file(path: Path) -> Result:
        try:
            return decode(read_bytes(path))
        except ImageError as error:
            raise _UnreadableError(str(path)) from error

    try:
        yield from in_threads(decode_file, _paths(listing), f"decode {listing.root.name}")
    except _UnreadableError as error:
        raise UnreadableImagesError.of([listing]) from error


class UnreadableImagesError(DatasetError):
    """Files that are not images, or broken ones: all of them are named."""

    @classmethod
    def of(cls, listings: Iterable[Listing]) -> "UnreadableImagesError":
        found = [
            f"{listing.path(index)} ({why.rstrip('.')})"
            for listing in listings
            for index, why in unreadable(listing).items()
        ]
        return cls(
            f"{len(found):,} images cannot be read: {'; '.join(found)}. Remove or replace the "
            "files, or leave them out with --skip-unreadable."
        )


@contextmanager
def all_unreadable_named(listings: Collection[Listing]) -> Iterator[None]:
    """Let an error of an image in the block name those of all ``listings``."""
    try:
        yield
    except UnreadableImagesError as error:
        raise UnreadableImagesError.of(listings) from error


def readable(listing: Listing) -> Listing:
    """``listing`` without images that cannot be decoded, which it has left out. Raises
    `DatasetError` where none of a class is left."""
    bad = unreadable(listing)
    kept = listing.subset(np.array([i for i in range(len(listing)) if i not in bad], np.int64))
    lost = [
        label
        for label, before, after in zip(listing.labels, listing.counts, kept.counts, strict=True)
        if before and not after
    ]
    if lost:
        raise DatasetError(f"{listing.root}: no image of {', '.join(lost)} can be read")
    left_out = LeftOut(unreadable=tuple(listing.path(index) for index in bad))
    return replace(kept, left_out=listing.left_out + left_out)


def unreadable(listing: Listing) -> dict[int, str]:
    """Why each of the images that cannot be decoded cannot, by its place."""

    def why(path: Path) -> str:
        try:
            decode(read_bytes(path))
        except (ImageError, DatasetError) as error:
            return str(error)
        return ""

    reasons = in_threads(why, _paths(listing), f"check {listing.root.name}")
    return {index: reason for index, reason in enumerate(reasons) if reason}


class _UnreadableError(Exception):
    """One is enough to look for all."""


def _paths(listing: Listing) -> list[Path]:
    return [listing.path(index) for index in range(len(listing))]
