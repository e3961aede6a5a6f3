"""Thumbnails that the first look makes, and records whose originals are no longer kept."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

AGAIN = re.compile("Try again|다시 시도")
SAID = {
    "en-US": ("The original is no longer kept. This is its thumbnail", "no thumbnail was made"),
    "ko-KR": ("원본 보관 기간이 지나 미리보기만 표시합니다", "그전에 만든 미리보기도 없습니다"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def predicted(cloud: Cloud, seed: int) -> str:
    answer = cloud.call("POST", "/predict", encode(textured((300, 200), seed=seed)), "image/jpeg")
    assert answer.status == 200
    return str(answer.body["id"])


def kept(cloud: Cloud, prediction_id: str) -> int:
    found = cloud.s3.list_objects_v2(
        Bucket=cloud.outputs.images_bucket, Prefix=f"thumbnails/{prediction_id}"
    )
    return int(found["KeyCount"])


def expire(cloud: Cloud, prediction_id: str) -> None:
    """What the bucket's rules do to an original."""
    image = cloud.call("GET", f"/predictions/{prediction_id}").body["image"]
    cloud.s3.delete_object(Bucket=image["bucket"], Key=image["key"], VersionId=image["version_id"])


def drawn(page: Page, prediction_id: str) -> None:
    image = page.locator(f"[data-id='{prediction_id}'] img")
    expect(image).to_be_visible()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256


def test_the_first_look_makes_the_thumbnails_and_the_next_finds_them(
    browser: Browser, cloud: Cloud
) -> None:
    ids = [predicted(cloud, seed) for seed in (811, 812)]
    assert [kept(cloud, prediction_id) for prediction_id in ids] == [0, 0]
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        page.goto(address(cloud, "history"))
        for prediction_id in ids:
            drawn(page, prediction_id)
        assert [kept(cloud, prediction_id) for prediction_id in ids] == [1, 1]
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.reload()
        for prediction_id in ids:
            drawn(page, prediction_id)
        again = [url for url in asked if "/thumbnails?" in url]
        assert not any(prediction_id in url for url in again for prediction_id in ids)


@pytest.mark.parametrize(("locale", "viewport"), [("en-US", DESKTOP), ("ko-KR", PHONE)])
def test_a_record_whose_original_is_gone_says_so(
    browser: Browser, cloud: Cloud, locale: str, viewport: dict[str, int]
) -> None:
    seen, unseen = (predicted(cloud, seed) for seed in (821, 822))
    query = {"predictions": seen}
    assert cloud.call("GET", "/thumbnails", query=query).body["items"][seen]
    for prediction_id in (seen, unseen):
        expire(cloud, prediction_id)
    with opened(browser, cloud, locale=locale, viewport=viewport) as page:
        for prediction_id, said in zip((seen, unseen), SAID[locale], strict=True):
            page.goto(f"{address(cloud, 'history')}?record={prediction_id}")
            expect(page.get_by_text(said)).to_be_visible()
            expect(page.get_by_test_id("record-explain")).to_have_count(0)
            assert accessibility_faults(page) == []
