"""Signed requests for images that are too large for a direct call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas.api.resources import Resources
from visionflow.access.caller import Caller
from visionflow.access.quotas import Amounts
from visionflow.access.usage import UsageStore
from visionflow.images.filenames import clean_filename
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.store import FORM_LIFETIME, ImageStore
from visionflow.images.uploads import UploadRequest, posted_key
from visionflow.timestamps import new_id, timestamp


@dataclass(frozen=True)
class UploadForm:
    """How to send the image: ``PUT url`` with these ``headers``, the image as body.

    S3 takes it until ``expires_at``, once, for an image of the type and size that were announced; a
    second one is refused with 412. Its prediction is ``GET /predictions/{id}`` as soon as it is
    classified, and a 404 before.
    """

    id: str
    url: str
    headers: dict[str, str]
    key: str
    expires_at: str
    max_bytes: int


@dataclass(frozen=True)
class UploadService:
    """Signs uploads, and counts their images and bytes when it signs."""

    images: ImageStore
    usage: UsageStore

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.images, resources.usage)

    def form(self, request: UploadRequest, caller: Caller, now: datetime) -> UploadForm:
        """A request that sends one image of the announced type and size, and the id of its
        prediction.

        Raises what `UploadRequest.check` raises, and `QuotaExceededError`.
        """
        request.check()
        self.usage.spend(caller, Amounts(images=1, bytes=request.bytes))
        prediction_id = new_id(now)
        key = posted_key(prediction_id)
        signed = self.images.signed_put(
            key,
            request.content_type,
            request.bytes,
            caller.id,
            filename=clean_filename(request.filename),
        )
        return UploadForm(
            id=prediction_id,
            url=signed.url,
            headers=signed.headers,
            key=key,
            expires_at=timestamp(now + FORM_LIFETIME),
            max_bytes=DEFAULT_LIMITS.max_bytes,
        )
