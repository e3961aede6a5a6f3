import pytest

from tests.images import encode, plain
from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    UnsupportedMediaTypeError,
    VisionFlowError,
)
from visionflow.images.formats import ACCEPTED_FORMATS, ACCEPTED_TYPES, media_type
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.uploads import (
    UploadRequest,
    name_in_key,
    posted_id,
    posted_key,
)

ID = "01JCZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.mark.parametrize("name", ACCEPTED_FORMATS)
def test_what_can_be_decoded_may_be_uploaded(name: str) -> None:
    assert media_type(encode(plain(), name)) in ACCEPTED_TYPES


@pytest.mark.parametrize("kind", ["application/octet-stream", "image/pjpeg", "image/avif"])
def test_what_browsers_and_systems_call_an_image_is_let_in(kind: str) -> None:
    """A HEIC has no type of its own on Windows; its bytes decide."""
    UploadRequest(kind, 1).check()


@pytest.mark.parametrize("size", [1, DEFAULT_LIMITS.max_bytes])
def test_sizes_up_to_the_limit_are_let_in(size: int) -> None:
    UploadRequest("image/jpeg", size).check()


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (UploadRequest("image/svg+xml", 1), UnsupportedMediaTypeError),
        (UploadRequest("image/jpeg", 0), EmptyImageError),
        (UploadRequest("image/jpeg", -1), EmptyImageError),
        (UploadRequest("image/jpeg", DEFAULT_LIMITS.max_bytes + 1), ImageTooLargeError),
    ],
)
def test_what_would_fail_is_refused_at_once(
    request_: UploadRequest, error: type[VisionFlowError]
) -> None:
    with pytest.raises(error):
        request_.check()


def test_a_key_carries_the_id_and_no_name() -> None:
    assert posted_key(ID) == f"uploads/posted/{ID}/image"
    assert posted_id(posted_key(ID)) == ID
    assert name_in_key(posted_key(ID)) is None


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("uploads/2026/고양이.jpg", "고양이.jpg"),
        ("uploads/image", "image"),
        (f"uploads/posted/{ID}/as before.jpg", "as before.jpg"),
        (f"api/{ID}", ID),
    ],
)
def test_a_key_says_what_a_dropped_file_is_called(key: str, name: str) -> None:
    assert name_in_key(key) == name


@pytest.mark.parametrize(
    "key",
    [
        f"uploads/{ID}/cat.jpg",
        f"uploads/posted/{ID}",
        f"uploads/posted/{ID}/",
        "uploads/posted/s3-abcdefghijklmnopqrstuvwxyz/cat.jpg",
        f"uploads/posted/{ID.lower()}/cat.jpg",
        f"api/{ID}",
    ],
)
def test_other_keys_carry_no_id(key: str) -> None:
    assert posted_id(key) is None
