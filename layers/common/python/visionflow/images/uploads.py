"""Images that are posted straight to the bucket: which are accepted, and their keys.

A posted upload's key carries the id that its prediction will have. The name that the sender gave
the file is in the object's metadata: keys stand in logs, messages and URLs.
"""

import re
from dataclasses import dataclass

from visionflow.errors import EmptyImageError, UnsupportedMediaTypeError
from visionflow.images.filenames import clean_filename
from visionflow.images.formats import ACCEPTED_TYPES, UNKNOWN_TYPE
from visionflow.images.limits import DEFAULT_LIMITS

# What an upload may announce. Browsers of many systems know no type for a HEIC.
UPLOAD_TYPES = ACCEPTED_TYPES | {UNKNOWN_TYPE}
# Of an image in a direct call. Lambda takes 6 MB of event, in which the image is base64.
MAX_DIRECT_BYTES = 4_400_000

# What is dropped here is classified.
UPLOAD_PREFIX = "uploads/"
POSTED_PREFIX = f"{UPLOAD_PREFIX}posted/"
_NAME = "image"

# Ids as `new_id` makes them, so that no key can take the id of another kind of prediction.
_KEY = re.compile(re.escape(POSTED_PREFIX) + r"([0-9A-HJKMNP-TV-Z]{26})/.+", re.DOTALL)


@dataclass(frozen=True)
class UploadRequest:
    """A request to upload an image: its MIME type, its size in bytes and its name."""

    content_type: str
    bytes: int
    filename: str | None = None

    def check(self) -> None:
        """Raise the error that the uploaded image would end in."""
        if self.content_type not in UPLOAD_TYPES:
            accepted = ", ".join(sorted(UPLOAD_TYPES))
            raise UnsupportedMediaTypeError(f"Images may be {accepted}.")
        if self.bytes < 1:
            raise EmptyImageError("The image has zero bytes.")
        DEFAULT_LIMITS.check_bytes(self.bytes)


def posted_key(prediction_id: str) -> str:
    """Where the image goes."""
    return f"{POSTED_PREFIX}{prediction_id}/{_NAME}"


def posted_id(key: str) -> str | None:
    """The id that the key of a posted upload carries; None for any other object."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None


def name_in_key(key: str) -> str | None:
    """What an object of the images bucket is called, as far as its key says so. Keys of posted
    uploads did until names were kept apart from them."""
    name = clean_filename(key)
    return None if posted_id(key) and name == _NAME else name
