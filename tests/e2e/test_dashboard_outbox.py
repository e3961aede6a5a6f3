"""Records made on a device without a network: they arrive once, and say where they were made."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, eventually
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from tests.e2e.test_dashboard_offline import KEPT
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

MADE = 50


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def images(folder: Path, name: str, count: int, first: int) -> list[Path]:
    folder.mkdir(exist_ok=True)
    files = [folder / f"{name}-{n:02}.jpg" for n in range(count)]
    for n, file in enumerate(files):
        file.write_bytes(encode(textured((96, 72), seed=first + n), "JPEG"))
    return files


@contextmanager
def installed(browser: Browser, cloud: Cloud) -> Iterator[tuple[BrowserContext, Page]]:
    """The device page, with a model in a browser that keeps both."""
    context = browser.new_context(service_workers="allow", locale="en-US", viewport=DESKTOP)
    page = context.new_page()
    page.goto(address(cloud, "device"))
    page.get_by_test_id("device-start").click()
    expect(page.get_by_test_id("device-model")).to_be_visible()
    eventually(lambda: page.evaluate(KEPT) or None, 60, "a worker that keeps the page")
    page.wait_for_function("localStorage.getItem('visionflow.caller') !== null")
    yield context, page
    context.close()


def arrived(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    query: dict[str, str | int] = {"limit": 100, "origin": "browser", "filename": f"{name}-"}
    rows: list[dict[str, Any]] = cloud.call("GET", "/logs", query=query).body["items"]
    return rows


def test_records_made_offline_arrive_once_after_a_reload(
    browser: Browser, cloud: Cloud, tmp_path: Path
) -> None:
    name = "offline"
    waiting = f"Records that wait to be sent: {MADE}"
    files = images(tmp_path, name, MADE, 100)
    with installed(browser, cloud) as (context, page):
        context.set_offline(True)
        page.get_by_test_id("device-files").set_input_files(files)
        banner = page.get_by_test_id("not-reached")
        expect(banner.get_by_test_id("outbox-waiting")).to_have_text(waiting)
        page.reload()
        expect(banner.get_by_test_id("outbox-waiting")).to_have_text(waiting)
        assert arrived(cloud, name) == []
        # Any page sends, and a page that is closed in between goes on at the next.
        page.goto(address(cloud, "history"))
        context.set_offline(False)
        eventually(lambda: arrived(cloud, name) or None, 60, "the first records")
        page.reload()
        eventually(lambda: len(arrived(cloud, name)) >= MADE or None, 60, "all records")
        page.goto(address(cloud, "device"))
        expect(
            page.locator('[data-testid=device-made-item][data-state="sent"]').first
        ).to_be_visible()
        expect(page.locator('[data-testid=device-made-item][data-state="waiting"]')).to_have_count(
            0
        )
    counts = Counter(row["filename"] for row in arrived(cloud, name))
    assert counts == dict.fromkeys((file.name for file in files), 1)


def test_images_and_labels_go_along_and_the_answers_are_compared(
    browser: Browser, cloud: Cloud, tmp_path: Path
) -> None:
    name = "imaged"
    files = images(tmp_path, name, 2, 300)
    with installed(browser, cloud) as (context, page):
        page.get_by_test_id("device-send").check()
        context.set_offline(True)
        for file in files:
            page.get_by_test_id("device-files").set_input_files(file)
            page.get_by_test_id("device-feedback-none").click()
            expect(page.get_by_test_id("device-feedback-said")).to_be_visible()
            page.get_by_test_id("device-resume").click()
        page.reload()
        context.set_offline(False)
        rows = eventually(
            lambda: (
                rows
                if len(rows := arrived(cloud, name)) == len(files)
                and all(row["feedback"] for row in rows)
                else None
            ),
            60,
            "records with labels",
        )
    for row in rows:
        assert row["image"]["key"] is not None
        assert row["feedback"]["label"] is None
        assert row["device"]["best"] == row["top_k"][0]["label"]
        said = cloud.call("GET", f"/predictions/{row['id']}/feedback").body["items"]
        assert len(said) == 1, "a label arrives once"


@pytest.mark.parametrize(
    ("locale", "viewport", "place"),
    [("en-US", DESKTOP, "Device (browser)"), ("ko-KR", PHONE, "기기(브라우저)")],
)
def test_where_a_record_was_made_is_told(
    browser: Browser, cloud: Cloud, tmp_path: Path, locale: str, viewport: Any, place: str
) -> None:
    alone = record_without_image(cloud, f"seen-{locale}")
    with opened(browser, cloud, locale=locale, viewport=viewport) as page:
        page.goto(f"{address(cloud, 'history')}?origin=browser")
        expect(page.get_by_test_id("origin-mark").first).to_be_visible()
        page.goto(f"{address(cloud, 'history')}?origin=browser&record={alone}")
        dialog = page.get_by_test_id("record")
        expect(dialog.get_by_test_id("record-origin")).to_have_text(place)
        expect(dialog.get_by_test_id("device-only")).to_be_visible()
        expect(dialog.get_by_test_id("record-explain")).to_have_count(0)
        assert accessibility_faults(page) == []

        page.goto(address(cloud, "models"))
        row = page.get_by_test_id("version-row").first
        row.get_by_test_id("open-on-phone").click()
        named = quote(row.get_attribute("data-model") or "", safe="")
        link = f"{cloud.outputs.dashboard_url}#/device?model={named}"
        expect(page.get_by_test_id("phone-link")).to_have_value(link)
        assert accessibility_faults(page) == []


def record_without_image(cloud: Cloud, device_id: str) -> str:
    """What a device answered, sent as the page does; its id."""
    answer = cloud.call(
        "POST", "/predict", encode(textured((96, 72), seed=7), "JPEG"), "image/jpeg"
    ).body
    record = {
        "device_id": device_id,
        "origin": "browser",
        "made_at": "2026-03-01T09:00:00Z",
        "model": "{name}/{version}".format(**answer["model"]),
        **{key: answer[key] for key in ("status", "label", "confidence", "top_k")},
        **{key: answer[key] for key in ("unknown_reason", "familiarity")},
        "filename": "seen.jpg",
        "width": 96,
        "height": 72,
        "milliseconds": 40.0,
    }
    (item,) = cloud.call(
        "POST", "/predictions", json.dumps({"records": [record]}).encode(), "application/json"
    ).body["items"]
    assert item["error"] is None, item
    return str(item["id"])
