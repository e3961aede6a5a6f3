from urllib.parse import urlparse

import pytest

from lambdas import clients
from visionflow.images.store import ImageStore


def presigned(monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str | None = None) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    if endpoint is None:
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    return ImageStore("images", clients.s3()).url("thumbnails/a.jpg")


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-northeast-2"])
def test_urls_name_the_regional_host_that_the_page_may_load_from(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    url = urlparse(presigned(monkeypatch, region))
    assert (url.netloc, url.path) == (f"images.s3.{region}.amazonaws.com", "/thumbnails/a.jpg")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url.query


def test_on_an_emulator_the_bucket_is_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    url = urlparse(presigned(monkeypatch, "us-east-1", "http://127.0.0.1:4566"))
    assert (url.netloc, url.path) == ("127.0.0.1:4566", "/images/thumbnails/a.jpg")
