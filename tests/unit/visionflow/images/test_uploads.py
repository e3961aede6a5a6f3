import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.images import encode, plain
from visionflow.errors import (
    EmptyImageError,
    ImageTooLargeError,
    UnsupportedMediaTypeError,
    VisionFlowError,
)
from visionflow.images.containers import media_type
from visionflow.images.limits import DEFAULT_LIMITS
from visionflow.images.uploads import ACCEPTED_TYPES, UploadRequest, posted_id

ID = "01JCZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_what_can_be_decoded_may_be_uploaded(name: str) -> None:
    assert media_type(encode(plain(), name)) in ACCEPTED_TYPES


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


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("cat.jpg", "cat.jpg"),
        ("고양이 (1).jpg", "고양이 (1).jpg"),
        ("/etc/passwd", "passwd"),
        ("C:\\images\\cat.jpg", "cat.jpg"),
        ("${filename}", "__filename_"),
        ("..", "image"),
        ("", "image"),
        (None, "image"),
        ("\ud800\n.jpg", "__.jpg"),
        ("x" * 200 + ".png", "x" * 96 + ".png"),
    ],
)
def test_the_key_ends_in_a_harmless_name(filename: str | None, name: str) -> None:
    assert UploadRequest("image/jpeg", 1, filename).key(ID) == f"uploads/posted/{ID}/{name}"


@given(st.text(max_size=300))
def test_any_name_makes_a_key_that_s3_takes_and_that_carries_the_id(filename: str) -> None:
    key = UploadRequest("image/jpeg", 1, filename).key(ID)
    assert posted_id(key) == ID
    assert len(key.encode()) <= 1024
    assert key.count("/") == 3


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
