"""Both pages of the dashboard in a real browser, from the bucket that serves it."""

import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.pictures import encode, textured

pytestmark = pytest.mark.e2e

CHROMIUM = Path("/usr/bin/chromium")
SAMPLE = Path("infra/samples/ship.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} does not exist (apt-get install chromium)")
    with sync_playwright() as playwright:
        # Chromium refuses its sandbox to root, as which containers run.
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    """The dashboard in English; a test fails when the page logs an error or throws."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if is_complaint(m) else None)
    page.goto(cloud.outputs.dashboard_url)
    yield page
    context.close()
    assert complaints == []


def is_complaint(message: ConsoleMessage) -> bool:
    """The browser itself reports every 4xx of the API; the page shows those to the user."""
    return message.type == "error" and "status of 422" not in message.text


def expect_answer(page: Page, cloud: Cloud) -> None:
    """The newest answer of the API is what the page shows."""
    expect(page.get_by_test_id("result")).to_be_visible(timeout=10_000)
    (newest, *_) = cloud.call("GET", "/logs", query={"limit": 1, "source": "api"}).body["items"]
    expected = newest["label"] if newest["status"] == "ok" else "Unknown"
    expect(page.get_by_test_id("result-label")).to_have_text(expected)
    expect(page.get_by_test_id("top-k").locator("tbody tr")).to_have_count(5)
    expect(page.get_by_test_id("top-k-chart").locator("canvas")).to_be_visible()
    expect(page.get_by_test_id("heatmap")).to_be_visible()
    expect(page.get_by_test_id("model-version")).to_have_text(re.compile("^starter "))


def test_a_chosen_picture_is_classified_with_bars_and_heatmap(page: Page, cloud: Cloud) -> None:
    page.get_by_test_id("file-input").set_input_files(SAMPLE)
    expect_answer(page, cloud)


def test_a_dragged_picture_is_classified(page: Page, cloud: Cloud) -> None:
    dropped = page.evaluate_handle(
        """data => {
            const bytes = Uint8Array.from(atob(data), character => character.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dragged.jpg", { type: "image/jpeg" }));
            return transfer;
        }""",
        base64.b64encode(SAMPLE.read_bytes()).decode(),
    )
    page.dispatch_event("[data-testid=dropzone]", "drop", {"dataTransfer": dropped})
    expect_answer(page, cloud)


def test_a_file_that_is_no_picture_is_a_problem_in_words(page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("no picture")
    page.get_by_test_id("file-input").set_input_files(notes)
    expect(page.get_by_test_id("problem")).to_have_attribute("data-code", "image_unreadable")


def test_a_dropped_picture_comes_into_the_history_by_itself(page: Page, cloud: Cloud) -> None:
    page.get_by_test_id("nav-history").click()
    rows = page.get_by_test_id("history-row")
    expect(rows.first).to_be_visible()
    key = "uploads/seen-in-the-browser.jpg"
    cloud.drop(key, encode(textured((300, 200), seed=21)))
    (record,) = cloud.wait_for({key}, within=5)
    recorded = time.monotonic()
    row = page.locator(f"[data-id='{record['id']}']")
    expect(row).to_be_visible(timeout=3_000)
    assert time.monotonic() - recorded < 3
    expect(row.get_by_test_id("row-label")).to_contain_text(record["label"])
    expect(row.get_by_test_id("row-model")).to_contain_text(record["model"]["version"])
    expect(row.get_by_test_id("row-source")).to_have_text("Bucket")
    thumbnail = row.locator("img")
    expect(thumbnail).to_be_visible()
    assert thumbnail.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_filters_narrow_the_history(page: Page, cloud: Cloud) -> None:
    cloud.drop("uploads/filtered.txt", b"not a picture")
    cloud.wait_for({"uploads/filtered.txt"}, within=5)
    page.get_by_test_id("nav-history").click()
    rows = page.get_by_test_id("history-row")
    page.get_by_test_id("filter-status").select_option("failed")
    expect(rows.locator("xpath=self::*[@data-status!='failed']")).to_have_count(0)
    expect(rows.first).to_have_attribute("data-status", "failed")
    page.get_by_test_id("filter-clear").click()
    label = next(record["label"] for record in cloud.logs(status="ok"))
    page.get_by_test_id("filter-label").select_option(label)
    expect(rows.first.get_by_test_id("row-label")).to_contain_text(label)
    labels = rows.get_by_test_id("row-label").all_inner_texts()
    assert all(label in text for text in labels)


def test_load_more_appends_older_rows(page: Page, cloud: Cloud) -> None:
    keys = {f"uploads/more/{n}.jpg" for n in range(30)}
    for n, key in enumerate(sorted(keys)):
        cloud.drop(key, encode(textured(seed=n)))
    cloud.wait_for(keys, within=20)
    page.get_by_test_id("nav-history").click()
    rows = page.get_by_test_id("history-row")
    expect(rows).to_have_count(20)
    page.get_by_test_id("load-more").click()
    expect(rows.nth(20)).to_be_visible()
    ids = [row.get_attribute("data-id") for row in rows.all()]
    assert len(set(ids)) == len(ids) > 20


def test_the_language_is_switched_and_remembered(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Classify a picture")
    page.get_by_test_id("language-ko").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("이미지 분류")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("이미지 분류")
    expect(page.locator("html")).to_have_attribute("lang", "ko")
