"""The prediction record: what is stored, listed and answered, and the keys made of its id."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from visionflow.answers.answer import Score, UnknownReason
from visionflow.errors import ImageNeverSentError
from visionflow.images.uploads import posted_id
from visionflow.models.ref import ModelRef

Source = Literal["api", "s3"]
Status = Literal["ok", "unknown", "failed"]
Origin = Literal["cloud", "browser", "edge"]
"""Where an image was classified first: in a function, on a device's page, or by the edge runner."""

KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
ID = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True)
class ImageRef:
    """The classified object in S3 and what was found in it.

    ``bucket`` and ``key`` are null, and all that is known of a file, where a device answered and
    sent no image. ``width`` and ``height`` (pixels, upright) are null when the image could not be
    decoded, ``bytes`` and ``sha256`` when it could not be read.
    """

    bucket: str | None
    key: str | None
    version_id: str | None
    width: int | None
    height: int | None
    bytes: int | None
    sha256: str | None


@dataclass(frozen=True)
class StoredImage:
    """Where an image's bytes are."""

    bucket: str
    key: str
    version_id: str | None


@dataclass(frozen=True)
class DeviceAnswer:
    """What a device answered to an image that it sent, with the version that it ran.

    ``best`` is its best label with ``best_confidence``; ``label`` may be a parent.
    """

    status: Literal["ok", "unknown"]
    label: str
    confidence: float
    unknown_reason: UnknownReason | None
    best: str
    best_confidence: float
    model: ModelRef


@dataclass(frozen=True)
class Compared:
    """Whether a version has the same best label on a device and in the cloud, and then how far the
    two confidences in it are apart; 0 otherwise."""

    agreed: bool
    gap: float


@dataclass(frozen=True)
class Failure:
    """Why an image can never be classified: the error's code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True)
class Feedback:
    """What a person says the image shows; of the heaviest, the latest counts.

    A null ``label``: none of the labels that the model has. ``from_queue``: the image was shown to
    be labelled because its answer was uncertain, so its feedback says little about other images.
    ``parents`` are above ``label`` in the version that answered, from the top down; ``is_parent``:
    it is itself a parent of labels there, so it is not a class. ``weight`` is that of who gave it:
    see `visionflow.access.roles.weight_of`.
    """

    label: str | None
    at: str
    by: str
    parents: tuple[str, ...] = ()
    is_parent: bool = False
    weight: int = 1
    from_queue: bool = False


@dataclass(frozen=True)
class Prediction:
    """The one result of one image.

    ``label`` and ``confidence`` are the best guess for status ``ok`` and ``unknown`` (then
    ``unknown_reason`` says why it is not an answer), and null for ``failed``. ``label`` may be a
    parent of labels, and ``parents`` are above it, from the top down; ``top_k`` has labels alone.
    ``familiarity``: see
    `Classification`; null where the model cannot measure it. ``timings`` are milliseconds by
    step. ``created_at`` is ISO 8601 UTC with microseconds, ``expires_at`` epoch seconds.
    ``refused`` is the version that should have answered and could not, so that ``model`` did.
    ``filename`` is what the image was called where it came from, as `clean_filename` leaves it;
    null where nobody said.
    ``owner`` is the `Caller.id` of who sent the image; null for a file that was dropped into the
    bucket, and for records from before there were owners.
    ``origin``: what is not from ``cloud`` was classified on a device, at ``made_at`` by its clock.
    If it sent the image too, the answer is the cloud's and ``device`` is what it said itself;
    otherwise the record is what the device said, the only step of ``timings`` is ``device``, and
    there is no image.
    """

    id: str
    source: Source
    status: Status
    label: str | None
    confidence: float | None
    top_k: tuple[Score, ...]
    model: ModelRef | None
    image: ImageRef
    thumbnail_key: str | None
    timings: dict[str, float]
    created_at: str
    error: Failure | None
    expires_at: int
    parents: tuple[str, ...] = field(default=(), kw_only=True)
    unknown_reason: UnknownReason | None = field(default=None, kw_only=True)
    familiarity: float | None = field(default=None, kw_only=True)
    feedback: Feedback | None = field(default=None, kw_only=True)
    refused: ModelRef | None = field(default=None, kw_only=True)
    owner: str | None = field(default=None, kw_only=True)
    filename: str | None = field(default=None, kw_only=True)
    origin: Origin = field(default="cloud", kw_only=True)
    made_at: str | None = field(default=None, kw_only=True)
    device: DeviceAnswer | None = field(default=None, kw_only=True)

    @property
    def stored_image(self) -> StoredImage:
        """Raises `ImageNeverSentError` where a device answered and sent no image."""
        image = self.image
        if image.bucket is None or image.key is None:
            raise ImageNeverSentError(
                "The image stayed on the device that classified it; only the answer was sent."
            )
        return StoredImage(image.bucket, image.key, image.version_id)

    @property
    def compared(self) -> Compared | None:
        """The device's answer beside the cloud's; None where only one of them answered, or each by
        another version."""
        said, best = self.device, next(iter(self.top_k), None)
        if said is None or best is None or said.model != self.model:
            return None
        agreed = said.best == best.label
        return Compared(agreed, abs(said.best_confidence - best.confidence) if agreed else 0.0)

    @property
    def has_image(self) -> bool:
        """Whether an image came with it, which may be gone by now."""
        return self.image.key is not None

    def is_right(self, feedback: Feedback) -> bool:
        """Whether ``feedback`` says that the answer is right. A parent is right for every label
        below it; that none of the labels is right makes ``unknown`` the right answer."""
        if feedback.label is None:
            return self.status == "unknown"
        return self.label in (feedback.label, *feedback.parents)

    def corrected_label(self) -> str | None:
        """The label that people gave where the answer is another one."""
        if self.feedback is None or self.is_right(self.feedback):
            return None
        return self.feedback.label

    def can_be_shown(self, kept_since: str) -> bool:
        """Whether the image has a thumbnail or an original: what people dropped into the bucket is
        theirs and stays, what was sent is kept if it came at ``kept_since`` or later."""
        if self.image.key is None:
            return False
        stays = self.source == "s3" and posted_id(self.image.key) is None
        return stays or self.thumbnail_key is not None or self.created_at >= kept_since

    @property
    def object_id(self) -> str:
        """Of the image's version, as `s3_object_id` has it; the record's own id where the bucket
        has no versions, or there is no image."""
        image = self.image
        if image.bucket is None or image.key is None or image.version_id is None:
            return self.id
        return s3_object_id(image.bucket, image.key, image.version_id)


def s3_object_id(bucket: str, key: str, version: str) -> str:
    """The same id for the same object version, however often it is delivered.

    ``version`` is the object's version id, or its ETag in a bucket without versioning.
    """
    digest = hashlib.sha256("\n".join((bucket, version, key)).encode()).digest()
    return "s3-" + base64.b32encode(digest[:20]).decode().lower()


def keyed_id(caller: str, key: str) -> str:
    """The same for the same key of the same caller, whose id ``caller`` is; another caller's cannot
    be guessed. A key is an `Idempotency-Key` or the id that a device gave its record."""
    digest = hashlib.sha256(f"{caller}\n{key}".encode()).digest()
    return "key-" + base64.b32encode(digest[:20]).decode().lower()


def original_key(prediction_id: str) -> str:
    """The key of a direct call's image in the images bucket."""
    return f"api/{prediction_id}"


def thumbnail_key(prediction_id: str) -> str:
    """The key of a prediction's thumbnail, outside ``uploads/`` so that it triggers nothing."""
    return f"{thumbnail_prefix(prediction_id)}.jpg"


def thumbnail_prefix(prediction_id: str) -> str:
    """What the keys of a direct call's thumbnails begin with."""
    return f"thumbnails/{prediction_id}"
