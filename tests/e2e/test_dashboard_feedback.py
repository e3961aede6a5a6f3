"""What people say of answers on the dashboard, each to its effect in the cloud."""

import io
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, Record
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened

pytestmark = pytest.mark.e2e

# Where to keep what the pages look like, for people.
SHOTS = os.environ.get("VISIONFLOW_SHOTS")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        yield page


@pytest.fixture(scope="module")
def images(cloud: Cloud) -> list[Record]:
    """Six records of this module's own, newest first."""
    keys = set()
    for number in range(6):
        buffer = io.BytesIO()
        with Image.open(Path("infra/samples/panda.jpg")) as panda:
            panda.rotate(number).save(buffer, "JPEG")
        keys.add(f"uploads/judged/{number}.jpg")
        cloud.drop(f"uploads/judged/{number}.jpg", buffer.getvalue())
    return cloud.wait_for(keys, within=120)


def keep_screenshot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


def feedback(cloud: Cloud, prediction_id: str) -> Any:
    return cloud.call("GET", f"/predictions/{prediction_id}").body["feedback"]


def open_record(page: Page, cloud: Cloud, record: Record) -> None:
    page.goto(f"{address(cloud, 'history')}?record={record['id']}")
    shown, again = page.get_by_test_id("record-id"), page.get_by_role("button", name="Try again")
    # On a busy machine the first answer may take too long.
    expect(shown.or_(again)).to_be_visible()
    if again.is_visible():
        again.click()
    expect(page.get_by_test_id("record-id")).to_have_text(record["id"])


def expect_labels_in_sight(page: Page) -> None:
    """The labels for the selected records, whose bar is at the bottom of the window."""
    page.get_by_test_id("batch-label").click()
    page.get_by_test_id("feedback-label").click()
    # Not the options of the filters' own lists.
    expect(page.locator("[role=listbox] [role=option]").first).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    page.get_by_test_id("batch-label").click()


def test_none_of_these_is_said_shown_filtered_and_taken_back(
    page: Page, cloud: Cloud, images: list[Record]
) -> None:
    record = images[0]
    open_record(page, cloud, record)
    drawer = page.get_by_test_id("record")
    drawer.get_by_test_id("feedback-none").click()
    expect(drawer.get_by_test_id("feedback-mark")).to_contain_text("None of these")
    assert feedback(cloud, record["id"])["label"] is None
    keep_screenshot(page, "drawer-en-1440")
    page.goto(f"{address(cloud, 'history')}?feedback=none")
    row = page.locator(f"[data-testid=history-row][data-id='{record['id']}']")
    expect(row.get_by_test_id("feedback-mark")).to_contain_text("None of these")
    assert record["id"] in {item["id"] for item in cloud.logs(feedback="none")}
    row.get_by_role("button").click()
    drawer.get_by_test_id("feedback-undo").click()
    expect(drawer.get_by_test_id("feedback-none")).to_be_visible()
    assert feedback(cloud, record["id"]) is None
    assert record["id"] not in {item["id"] for item in cloud.logs(feedback="none")}


def test_a_new_class_corrects_an_answer(page: Page, cloud: Cloud, images: list[Record]) -> None:
    record = images[1]
    open_record(page, cloud, record)
    drawer = page.get_by_test_id("record")
    drawer.get_by_test_id("feedback-new").click()
    drawer.get_by_test_id("feedback-new-name").fill("red panda")
    drawer.get_by_test_id("feedback-save").click()
    mark = page.locator(f"[data-testid=history-row][data-id='{record['id']}']")
    expect(mark.get_by_test_id("feedback-mark")).to_contain_text("red panda")
    assert feedback(cloud, record["id"])["label"] == "red panda"
    page.goto(f"{address(cloud, 'history')}?feedback=wrong")
    expect(mark.get_by_test_id("row-label")).to_contain_text("→")


def test_the_records_of_a_list_are_paged_through_by_the_arrow_keys(
    page: Page, cloud: Cloud, images: list[Record]
) -> None:
    listed = list(islice(cloud.logs(), 3))
    page.goto(address(cloud, "history"))
    page.get_by_test_id("history-row").first.get_by_role("button").click()
    shown = page.get_by_test_id("record-id")
    expect(shown).to_have_text(listed[0]["id"])
    for record in listed[1:]:
        page.keyboard.press("ArrowRight")
        expect(shown).to_have_text(record["id"])
        expect(page.get_by_test_id("record-arrived")).to_have_attribute("role", "status")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_have_text(listed[1]["id"])
    page.get_by_test_id("record-next").click()
    expect(shown).to_have_text(listed[2]["id"])
    expect(page.get_by_test_id("record-next")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("record")).to_have_count(0)
    expect(page).to_have_url(address(cloud, "history"))


def test_many_records_are_selected_and_judged_with_the_keyboard_alone(
    page: Page, cloud: Cloud, images: list[Record]
) -> None:
    judged = {item["id"] for item in images[2:6]}
    page.goto(address(cloud, "history"))
    rows = page.get_by_test_id("history-row")
    expect(rows.first).to_be_visible()
    order = [row.get_attribute("data-id") for row in rows.all()]
    places = sorted(order.index(one) for one in judged)
    boxes = page.get_by_test_id("select-row")
    boxes.nth(places[0]).focus()
    page.keyboard.press("Space")
    boxes.nth(places[-1]).focus()
    page.keyboard.press("Shift+Space")
    n = places[-1] - places[0] + 1
    expect(page.get_by_test_id("selected-count")).to_have_text(f"Selected: {n}")
    keep_screenshot(page, "selected-en-1440")
    assert accessibility_faults(page) == []
    expect_labels_in_sight(page)
    page.get_by_test_id("batch-none").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("batch-progress")).to_have_text(f"Done: {n} of {n}.")
    for one in judged:
        assert feedback(cloud, one)["label"] is None
    told = [item for item in cloud.logs(feedback="none") if item["id"] in judged]
    assert len(told) == len(judged)


def test_quick_keys_in_the_queue_all_count_and_are_kept_apart(page: Page, cloud: Cloud) -> None:
    first, second, third = islice(
        cloud.call("GET", "/uncertain", query={"limit": 50}).body["items"], 3
    )
    page.goto(f"{address(cloud, 'accuracy')}?tab=label")
    expect(page.get_by_test_id("label-image")).to_be_visible()
    expect(page.get_by_test_id("label-bias")).to_contain_text("leaves it out")
    keep_screenshot(page, "queue-en-1440")
    # Faster than the API answers.
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        for key in ("0", "0", "0", "u"):
            page.keyboard.press(key)
        expect(page.get_by_test_id("label-count")).to_contain_text("2 labelled")
    for record in (first, second):
        said = feedback(cloud, record["id"])
        assert (said["label"], said["from_queue"]) == (None, True)
    assert feedback(cloud, third["id"]) is None
    left = cloud.call("GET", "/uncertain", query={"limit": 50}).body["items"]
    assert first["id"] not in {item["id"] for item in left}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_judged_record_is_read_on_a_phone_in_korean(
    browser: Browser, cloud: Cloud, images: list[Record], scheme: Any
) -> None:
    options: dict[str, Any] = {"locale": "ko-KR", "viewport": PHONE, "color_scheme": scheme}
    with opened(browser, cloud, **options) as page:
        page.goto(f"{address(cloud, 'history')}?feedback=none")
        expect(page.get_by_test_id("feedback-mark").first).to_contain_text("해당 없음")
        page.get_by_test_id("select-row").first.check()
        expect(page.get_by_test_id("selected-count")).to_be_visible()
        expect_labels_in_sight(page)
        # The rows are of one height: what does not fit would lie on the next one.
        boxes = page.locator("[data-testid=history-row] > button")
        rest = boxes.evaluate_all("rows => rows.map(row => row.scrollHeight - row.clientHeight)")
        assert max(rest) <= 0
        keep_screenshot(page, f"selected-ko-390-{scheme}")
        assert accessibility_faults(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"]
        open_record(page, cloud, images[1])
        expect(page.get_by_test_id("record-position")).to_be_visible()
        keep_screenshot(page, f"drawer-ko-390-{scheme}")
        assert accessibility_faults(page) == []
        page.goto(f"{address(cloud, 'accuracy')}?tab=label")
        expect(page.get_by_test_id("label-none")).to_be_visible()
        keep_screenshot(page, f"queue-ko-390-{scheme}")
        assert accessibility_faults(page) == []
