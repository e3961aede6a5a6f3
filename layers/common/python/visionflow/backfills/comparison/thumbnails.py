"""Under which key the thumbnail of a compared image stands in the stage's bucket of images.

It is the key of the record that the image has or would have: erasing that record erases it.
"""

from visionflow.predictions.record import (
    original_key,
    s3_object_id,
    thumbnail_key,
    thumbnail_prefix,
)


def thumbnail_of(bucket: str, key: str, version: str, own: str) -> str:
    """``version``: the version id, or the ETag in a bucket without versioning. ``own``: the stage's
    bucket of images."""
    calls = original_key("")
    if bucket == own and key.startswith(calls):
        return f"{thumbnail_prefix(key.removeprefix(calls))}.jpg"
    return thumbnail_key(s3_object_id(bucket, key, version))
