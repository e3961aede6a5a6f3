"""What S3 answers about an object that cannot be read: the image's fault, or the operator's."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from visionflow import errors
from visionflow.images.store import ImageStore

SSE_C = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be "
    "provided to retrieve the object."
)
KMS = "arn:aws:kms:eu-central-1:123456789012:key/1"
FOR_EVER: list[tuple[str, str, int, type[errors.ImageError]]] = [
    ("NoSuchKey", "", 404, errors.MissingImageError),
    ("NoSuchVersion", "", 404, errors.MissingImageError),
    # The version is a delete marker.
    ("MethodNotAllowed", "", 405, errors.MissingImageError),
    ("PreconditionFailed", "", 412, errors.MissingImageError),
    ("InvalidObjectState", "", 403, errors.ArchivedImageError),
    # A row of a list may name anything.
    ("KeyTooLongError", "Your key is too long", 400, errors.MissingImageError),
    ("InvalidArgument", "Invalid version id specified", 400, errors.MissingImageError),
    ("InvalidRequest", SSE_C, 400, errors.EncryptedImageError),
]
# To a HEAD request, which has no body.
FOR_EVER_IN_HEAD: list[tuple[str, str, int, type[errors.ImageError]]] = [
    ("404", "Not Found", 404, errors.MissingImageError),
    ("405", "Method Not Allowed", 405, errors.MissingImageError),
]
OPERATOR_S = [
    ("AccessDenied", "Access Denied", 403),
    ("AccessDenied", f"User: r is not authorized to perform: kms:Decrypt on resource: {KMS}", 403),
    ("KMS.AccessDeniedException", "The ciphertext refers to a customer master key", 400),
    ("KMS.DisabledException", f"{KMS} is disabled.", 400),
    ("KMS.KMSInvalidStateException", f"{KMS} is pending deletion.", 400),
    ("KMS.NotFoundException", f"Invalid arn {KMS}", 400),
    ("InvalidArgument", "Something else about an argument", 400),
    ("InvalidRequest", "Something else about the request", 400),
    ("InvalidRequest", "Requests specifying Server Side Encryption need Signature Version 4.", 400),
    ("400", "Bad Request", 400),
    ("403", "Forbidden", 403),
    ("SlowDown", "Please reduce your request rate.", 503),
    ("InternalError", "", 500),
]


class Bucket:
    def __init__(self) -> None:
        self.client = boto3.client(
            "s3",
            "eu-central-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.stub = Stubber(self.client)
        self.images = ImageStore("images", self.client)


@pytest.fixture(scope="module")
def shared() -> Bucket:
    return Bucket()


@pytest.fixture
def bucket(shared: Bucket) -> Iterator[Bucket]:
    with shared.stub:
        yield shared


@pytest.mark.parametrize(("code", "message", "status", "error"), FOR_EVER)
def test_an_object_that_can_never_be_read_is_the_image_s_fault(
    bucket: Bucket, code: str, message: str, status: int, error: type[errors.ImageError]
) -> None:
    bucket.stub.add_client_error("get_object", code, message, status)
    with pytest.raises(error) as caught:
        bucket.images.read("uploads/a.jpg", "v1")
    assert type(caught.value) is error
    assert not caught.value.retryable
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(("code", "message", "status", "error"), FOR_EVER_IN_HEAD)
def test_the_same_holds_for_what_is_copied(
    bucket: Bucket, code: str, message: str, status: int, error: type[errors.ImageError]
) -> None:
    bucket.stub.add_client_error("head_object", code, message, status)
    with pytest.raises(error):
        bucket.images.take_copy("others", "uploads/a.jpg", "v1", "content/a")


@pytest.mark.parametrize(("code", "message", "status"), OPERATOR_S)
def test_what_an_operator_can_repair_is_tried_again(
    bucket: Bucket, code: str, message: str, status: int
) -> None:
    bucket.stub.add_client_error("get_object", code, message, status)
    with pytest.raises(ClientError):
        bucket.images.read("uploads/a.jpg", "v1")


@pytest.mark.parametrize(
    ("code", "status", "there"),
    [("404", 404, False), ("405", 405, False), ("400", 400, True), ("403", 403, True)],
)
def test_an_object_that_nobody_may_read_is_still_there(
    bucket: Bucket, code: str, status: int, *, there: bool
) -> None:
    """So the page of a record whose image is encrypted with its sender's key opens."""
    bucket.stub.add_client_error("head_object", code, "", status)
    assert bucket.images.has("uploads/a.jpg", "v1") is there


def test_whether_an_object_is_there_is_not_known_in_an_outage(bucket: Bucket) -> None:
    bucket.stub.add_client_error("head_object", "503", "", 503)
    with pytest.raises(ClientError):
        bucket.images.has("uploads/a.jpg", "v1")
