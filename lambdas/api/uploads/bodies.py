"""The body that answers the request for an upload form."""

from dataclasses import dataclass


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
