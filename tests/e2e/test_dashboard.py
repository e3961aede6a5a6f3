"""Images on the dashboard, classified and listed, in a real browser from the real bucket."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import address, launch, opened
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

SAMPLE = Path("infra/samples/panda.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    """The page that classifies images, in English."""
    with opened(browser, cloud, allowed=("status of 422",), locale="en-US") as page:
        page.goto(address(cloud, "predict"))
        yield page


def expect_answer(page: Page, cloud: Cloud) -> None:
    """The newest answer of the API is what the page shows."""
    expect(page.get_by_test_id("result")).to_be_visible(timeout=10_000)
    (newest, *_) = cloud.call("GET", "/logs", query={"limit": 1, "source": "api"}).body["items"]
    expected = newest["label"] if newest["status"] == "ok" else "Unknown"
    expect(page.get_by_test_id("result-label")).to_have_text(expected)
    expect(page.get_by_test_id("top-k").locator("tbody tr")).to_have_count(5)
    expect(page.get_by_test_id("top-k-chart").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("heatmap")).to_be_visible()
    model = newest["model"]
    expect(page.get_by_test_id("model-version")).to_have_text(f"{model['name']} {model['version']}")


def test_a_chosen_image_is_classified_with_bars_and_heatmap(page: Page, cloud: Cloud) -> None:
    page.get_by_test_id("file-input").set_input_files(SAMPLE)
    expect_answer(page, cloud)


def test_a_dragged_image_is_classified(page: Page, cloud: Cloud) -> None:
    dropped = page.evaluate_handle(
        """data => {
            const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dragged.jpg", { type: "image/jpeg" }));
            return transfer;
        }""",
        base64.b64encode(SAMPLE.read_bytes()).decode(),
    )
    page.wait_for_load_state("networkidle")  # the page listens once it is drawn
    page.dispatch_event("[data-testid=dropzone]", "drop", {"dataTransfer": dropped})
    expect_answer(page, cloud)


def test_a_file_that_is_no_image_is_a_problem_in_words(page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("no image")
    page.get_by_test_id("file-input").set_input_files(notes)
    expect(page.get_by_test_id("problem")).to_have_attribute("data-code", "image_unreadable")


def test_a_dropped_image_comes_into_the_history_by_itself(page: Page, cloud: Cloud) -> None:
    page.get_by_test_id("nav-history").click()
    rows = page.get_by_test_id("history-row")
    expect(rows.first).to_be_visible()
    key = "uploads/seen-in-the-browser.jpg"
    cloud.drop(key, encode(textured((300, 200), seed=21)))
    (record,) = cloud.wait_for({key}, within=60)
    recorded = time.monotonic()
    row = page.locator(f"[data-id='{record['id']}']")
    expect(row).to_be_visible(timeout=3_000)
    assert time.monotonic() - recorded < 3
    expect(row.get_by_test_id("row-label")).to_contain_text(record["label"])
    expect(row.get_by_test_id("row-model")).to_contain_text(record["model"]["version"])
    expect(row.get_by_test_id("row-source")).to_have_text("S3 upload")
    thumbnail = row.locator("img")
    expect(thumbnail).to_be_visible()
    assert thumbnail.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_filters_narrow_the_history(page: Page, cloud: Cloud) -> None:
    cloud.drop("uploads/filtered.txt", b"not an image")
    cloud.wait_for({"uploads/filtered.txt"}, within=60)
    page.get_by_test_id("nav-history").click()
    rows = page.get_by_test_id("history-row")
    page.get_by_test_id("filter-status").select_option("failed")
    expect(rows.locator("xpath=self::*[@data-status!='failed']")).to_have_count(0)
    expect(rows.first).to_have_attribute("data-status", "failed")
    page.get_by_test_id("filter-clear").click()
    label = next(record["label"] for record in cloud.logs(status="ok"))
    page.get_by_test_id("filter-label").fill(label)
    page.get_by_test_id("filter-label").press("Enter")
    expect(rows.first.get_by_test_id("row-label")).to_contain_text(label)
    labels = rows.get_by_test_id("row-label").all_inner_texts()
    assert all(label in text for text in labels)


def test_older_rows_come_by_scrolling(page: Page, cloud: Cloud) -> None:
    keys = {f"uploads/more/{n}.jpg" for n in range(60)}
    for n, key in enumerate(sorted(keys)):
        cloud.drop(key, encode(textured(seed=n)))
    cloud.wait_for(keys, within=30)
    page.get_by_test_id("nav-history").click()
    oldest = list(cloud.logs())[-1]["id"]
    row = page.locator(f"[data-id='{oldest}']")
    for _ in range(200):
        if row.count():
            break
        page.keyboard.press("End")
        page.wait_for_timeout(100)
    expect(row).to_be_visible()
    # However long the list, only what is near the window is in the document.
    assert page.get_by_test_id("history-row").count() < 60
    expect(page.get_by_test_id("history-end")).to_be_visible()


def test_the_language_is_switched_and_remembered(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Classify an image")
    page.get_by_test_id("language-ko").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("이미지 분류")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("이미지 분류")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
