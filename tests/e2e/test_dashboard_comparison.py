"""Two versions compared from the page, and what it shows of them in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e import backfill
from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened

pytestmark = pytest.mark.e2e

IMAGES = 24
PREFIX = "uploads/page-compared/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="module")
def compared(browser: Browser, cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a comparison that was started and found in the page."""
    new, old = backfill.publish_two(cloud, "page-compared", tmp_path_factory.mktemp("two") / "all")
    with backfill.unannounced(cloud):
        backfill.drop(cloud, backfill.images(backfill.coloured(IMAGES), PREFIX, poison=0.1))
    with opened(browser, cloud, viewport=DESKTOP, locale="en-US") as page:
        page.goto(address(cloud, "models/backfills"))
        expect(page.get_by_test_id("backfill-source")).to_be_visible()
        source = f"s3://{cloud.outputs.images_bucket}/{PREFIX}"
        page.get_by_test_id("backfill-source").fill(source)
        page.get_by_test_id("backfill-model").select_option(new)
        page.get_by_test_id("backfill-second").select_option(old)
        expect(page.get_by_test_id("compares")).to_contain_text("inference twice")
        expect(page.get_by_test_id("into-records")).to_be_disabled()
        page.get_by_test_id("backfill-count").click()
        expect(page.get_by_test_id("backfill-estimate")).to_contain_text(f"{new} against {old}")
        page.get_by_test_id("backfill-start").click()
        page.get_by_test_id("open-comparison").click()
        expect(page.get_by_test_id("verdict")).to_be_visible()
        return page.url


def shown(page: Page) -> int:
    return int((page.get_by_test_id("examples-shown").text_content() or "").split()[0])


def test_the_examples_of_a_change_are_found_by_keyboard(
    browser: Browser, cloud: Cloud, compared: str
) -> None:
    with opened(browser, cloud, viewport=DESKTOP, locale="en-US") as page:
        page.goto(compared)
        change = page.get_by_test_id("changes").get_by_role("button").first
        expect(change).to_be_visible()
        everything = shown(page)
        change.press("Enter")
        expect(change).to_have_attribute("aria-pressed", "true")
        answers, images = (change.text_content() or "").rsplit(" · ", 1)[0].split(" → ")
        assert 0 < shown(page) < everything
        assert shown(page) <= int("".join(filter(str.isdigit, images)))
        for example in page.get_by_test_id("old-answer").all():
            expect(example).to_contain_text(answers if answers != "Unknown" else "Uns")
        chosen, kept = page.url, shown(page)
        page.goto(address(cloud, "live"))
        page.goto(chosen)  # what is chosen can be linked
        expect(page.get_by_test_id("changes").get_by_role("button").first).to_have_attribute(
            "aria-pressed", "true"
        )
        assert shown(page) == kept
        page.get_by_test_id("filter-clear").press("Enter")
        thumbnail = page.get_by_test_id("thumbnail").first
        thumbnail.scroll_into_view_if_needed()
        expect(thumbnail).to_have_js_property("complete", value=True)
        assert thumbnail.evaluate("image => image.naturalWidth") > 0  # the policy lets it load


@pytest.mark.parametrize(
    ("locale", "scheme", "size", "title"),
    [
        ("en-US", "light", DESKTOP, "Old against new"),
        ("ko-KR", "dark", PHONE, "기존 버전과 새 버전 비교"),
    ],
    ids=["en-desktop-light", "ko-phone-dark"],
)
def test_a_comparison_is_shown_within_the_screen(
    browser: Browser,
    cloud: Cloud,
    compared: str,
    locale: str,
    scheme: Any,
    size: Any,
    title: str,
) -> None:
    with opened(browser, cloud, locale=locale, color_scheme=scheme, viewport=size) as page:
        page.goto(compared)
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page.get_by_test_id("compared-labels").get_by_role("row")).to_have_count(4)
        page.get_by_test_id("shift-chart").scroll_into_view_if_needed()
        expect(page.get_by_test_id("shift-chart").locator("canvas")).to_be_visible()
        page.get_by_test_id("compared-labels").get_by_role("columnheader").nth(1).get_by_role(
            "button"
        ).press("Enter")
        assert accessibility_faults(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]
        page.get_by_test_id("promote").press("Enter")
        expect(page.get_by_test_id("move-changes")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_test_id("move")).to_have_count(0)
