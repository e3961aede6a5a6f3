"""Forms for images that are too large for a direct call."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from lambdas.api.resources import Resources
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.store import FORM_LIFETIME, ImageStore
from visionflow.images.uploads import UploadRequest
from visionflow.timestamps import new_id, timestamp


@dataclass(frozen=True)
class UploadForm:
    """A form for ``POST url``: multipart/form-data, ``fields`` first, then the image as ``file``.

    S3 takes it until ``expires_at``, for one image of the type and size that were announced. Its
    prediction is ``GET /predictions/{id}`` as soon as it is classified, and a 404 before.
    """

    id: str
    url: str
    fields: dict[str, str]
    key: str
    expires_at: str
    max_bytes: int


@dataclass(frozen=True)
class UploadService:
    """Signs upload forms; writes nothing."""

    images: ImageStore

    @classmethod
    def build(cls, resources: Resources) -> Self:
        return cls(resources.images)

    def form(self, request: UploadRequest, owner: str, now: datetime) -> UploadForm:
        """A form that posts one image of the announced type and size as ``owner``'s, and the id of
        its prediction.

        Raises what `UploadRequest.check` raises.
        """
        request.check()
        prediction_id = new_id(now)
        key = request.key(prediction_id)
        form = self.images.post_form(key, request.content_type, request.bytes, owner)
        return UploadForm(
            id=prediction_id,
            url=form.url,
            fields=form.fields,
            key=key,
            expires_at=timestamp(now + FORM_LIFETIME),
            max_bytes=DEFAULT_LIMITS.max_bytes,
        )
