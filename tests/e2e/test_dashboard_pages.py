"""Every page of the dashboard: in both languages, light and dark, on a phone and a desktop."""

import io
import json
from collections.abc import Iterator
from itertools import islice

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import (
    DESKTOP,
    PAGES,
    PHONE,
    REPORT,
    accessibility_faults,
    address,
    launch,
    opened,
    publish_reported,
)
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

RECORDS = 300
NO_COSTS = ("status of 404",)
"""An API may go without /costs, and the live page says so."""

REPORTED = "9.0.0"
"""A version with the report of a real run."""

TITLES = {
    "en-US": (
        "Live",
        "Classify an image",
        "History",
        "Accuracy",
        "Models",
        "Data",
        "Training",
        "Access",
    ),
    "ko-KR": ("실시간", "이미지 분류", "기록", "정확도", "모델", "데이터", "학습", "접근 관리"),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="module", autouse=True)
def filled(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> None:
    """At least `RECORDS` images were classified and some judged; a version has a whole report."""
    missing = RECORDS - sum(1 for _ in cloud.logs())
    keys = {f"uploads/filled/{n}.jpg" for n in range(missing)}
    for n, key in enumerate(sorted(keys)):
        cloud.drop(key, encode(textured((96, 72), seed=n)))
    cloud.wait_for(keys, within=90)
    for record in islice(cloud.logs(status="ok", source="s3"), 5):
        said = json.dumps({"label": record["label"]}).encode()
        cloud.call("POST", f"/predictions/{record['id']}/feedback", said, "application/json")
    publish_reported(cloud, REPORTED, tmp_path_factory.mktemp("artifact") / "model")


# The innermost elements beyond the right edge that nothing scrolls.
WIDEST = """() => [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.outerHTML.slice(0, 200)).slice(-5).join("\\n")"""


@pytest.mark.parametrize(
    ("locale", "scheme", "size"),
    [
        ("en-US", "light", DESKTOP),
        ("ko-KR", "dark", PHONE),
    ],
    ids=["en-light-desktop", "ko-dark-phone"],
)
def test_every_page_is_whole_and_accessible(
    browser: Browser, cloud: Cloud, locale: str, scheme: str, size: dict[str, int]
) -> None:
    with opened(
        browser, cloud, allowed=NO_COSTS, locale=locale, color_scheme=scheme, viewport=size
    ) as page:
        page.goto(address(cloud, "live"))
        for name, title in zip(PAGES, TITLES[locale], strict=True):
            page.get_by_test_id(f"nav-{name}").click()
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
            page.wait_for_load_state("networkidle")
            expect(page.locator(".skeleton")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"], f"{name} is {width} px wide: {page.evaluate(WIDEST)}"
            assert accessibility_faults(page) == []


def test_every_part_of_the_accuracy_page_is_accessible(browser: Browser, cloud: Cloud) -> None:
    top1 = json.loads(REPORT.read_text(encoding="utf-8"))["test"]["top1"]
    with opened(browser, cloud, allowed=NO_COSTS, locale="en-US", color_scheme="dark") as page:
        page.goto(f"{address(cloud, 'accuracy')}?model=starter/{REPORTED}")
        expect(page.get_by_test_id("headline")).to_contain_text(f"{int(1000 * top1) / 10}%")
        tabs = page.get_by_role("tab").all()
        assert len(tabs) == 10
        for tab in tabs:
            tab.click()
            expect(page.locator(".skeleton")).to_have_count(0)
            assert accessibility_faults(page) == []


def test_the_map_shows_the_image_behind_a_point_and_stays_zoomed(
    browser: Browser, cloud: Cloud
) -> None:
    with opened(browser, cloud, allowed=NO_COSTS, locale="en-US") as page:
        page.goto(f"{address(cloud, 'accuracy')}?model=starter/{REPORTED}&tab=map")
        page.get_by_test_id("embedding-map").scroll_into_view_if_needed()
        canvas = page.get_by_test_id("embedding-map").locator("canvas")
        expect(canvas).to_be_visible()
        page.get_by_role("button", name="Zoom in").click()
        page.get_by_role("button", name="Next image").click()
        image = page.get_by_test_id("map-image")
        expect(image).to_be_visible()
        colours = Image.open(io.BytesIO(image.screenshot())).convert("RGB").getcolors(1 << 16)
        assert colours is not None
        assert len(colours) > 50
        told = page.get_by_test_id("map-point").inner_text()
        # The network crowds its classes: somewhere on a grid the pointer meets a point.
        box = canvas.bounding_box()
        assert box is not None
        for step in range(400):
            across, down = step % 20, step // 20
            page.mouse.move(box["x"] + box["width"] * (across + 0.5) / 20, box["y"] + 12 * down + 6)
            if page.get_by_test_id("map-point").inner_text() != told:
                break
        else:
            pytest.fail("no point of the map answers the pointer")
        page.mouse.move(0, 0)
        zoomed = canvas.screenshot()
        page.get_by_role("button", name="Show all").click()
        page.wait_for_timeout(500)
        # Neither stepping nor pointing has undone the zoom.
        assert canvas.screenshot() != zoomed


def test_the_page_works_with_the_keyboard_alone(browser: Browser, cloud: Cloud) -> None:
    with opened(browser, cloud, allowed=NO_COSTS, locale="en-US") as page:
        page.goto(address(cloud, "live"))
        expect(page.get_by_role("heading", level=1)).to_have_text("Live")
        page.keyboard.press("Tab")
        expect(page.get_by_text("Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#content")).to_be_focused()
        page.goto(address(cloud, "history"))
        row = page.get_by_test_id("history-row").first.locator("button")
        row.focus()
        for close in ("Escape", "Enter"):
            page.keyboard.press("Enter")
            expect(page.get_by_test_id("record")).to_be_visible()
            button = page.get_by_test_id("record-close")
            for _ in range(3):  # behind the buttons that lead to its neighbours
                if button.evaluate("element => element !== document.activeElement"):
                    page.keyboard.press("Tab")
            expect(button).to_be_focused()
            page.keyboard.press(close)
            expect(page.get_by_test_id("record")).to_have_count(0)
            expect(row).to_be_focused()
