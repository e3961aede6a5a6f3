"""What the real API refuses, as the page says it in Korean: at its field, and without English."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened

pytestmark = pytest.mark.e2e

SHOTS = os.environ.get("VISIONFLOW_SCREENSHOTS")  # a folder, for people who want to look
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}")  # three words in a row


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def expect_refused(page: Page, form: Locator, input_id: str, korean: re.Pattern[str]) -> None:
    problem = form.get_by_test_id("problem")
    expect(problem).to_contain_text(korean)
    refused = form.get_by_test_id(input_id)
    expect(refused).to_have_attribute("aria-invalid", "true")
    expect(refused).to_have_accessible_description(korean)
    expect(form.locator("[aria-invalid=true]")).to_have_count(1)
    problem.locator("summary").click()
    assert not ENGLISH.search(problem.inner_text()), problem.inner_text()
    assert not ENGLISH.search(form.get_by_test_id("fault").inner_text())
    expect(problem.locator("[lang=en]")).to_have_count(0)
    assert accessibility_faults(page) == []


def test_a_refused_job_and_a_refused_rule_say_why_in_korean(
    browser: Browser, cloud: Cloud, drawn_flowers: str
) -> None:
    assert drawn_flowers
    options = {"locale": "ko-KR", "viewport": PHONE, "allowed": ("422", "400")}
    with opened(browser, cloud, **options) as page:  # type: ignore[arg-type]
        page.goto(address(cloud, "training"))
        for _ in range(15):  # the API lists the bucket at most once a minute
            arrived = page.get_by_test_id("job-form").or_(page.get_by_test_id("problem"))
            expect(arrived.first).to_be_visible()
            if page.get_by_test_id("job-data").count():
                break
            page.wait_for_timeout(5_000)
            page.reload()
        form = page.get_by_test_id("job-form")
        form.get_by_test_id("advanced").locator("summary").first.click()
        form.get_by_test_id("setting-name").fill("no name!")
        form.get_by_test_id("start-job").click()
        expect(form.get_by_test_id("setting-name")).to_be_focused()
        expect_refused(page, form, "setting-name", re.compile("name 값의 형식은 다음과 같아야"))
        shot(page, "training-refused-ko-390")

        page.goto(address(cloud, "models"))
        rule = page.get_by_test_id("promotion")
        rule.get_by_test_id("promotion-min_images").fill("10000000000")
        rule.get_by_test_id("promotion-save").click()
        korean = re.compile("min_images는 1~1,000,000,000 범위여야 합니다")
        expect_refused(page, rule, "promotion-min_images", korean)
        shot(page, "rule-refused-ko-390")


@pytest.mark.parametrize(
    ("locale", "size", "scheme"),
    [("ko-KR", PHONE, "light"), ("ko-KR", DESKTOP, "dark"), ("en-US", DESKTOP, "light")],
    ids=["ko-phone", "ko-desktop-dark", "en-desktop"],
)
def test_the_audit_trail_names_what_was_done(
    browser: Browser, cloud: Cloud, locale: str, size: dict[str, int], scheme: str
) -> None:
    cloud.call("POST", "/models/rollback")  # refused or not, it is written down
    options = {"locale": locale, "viewport": size, "color_scheme": scheme}
    with opened(browser, cloud, **options) as page:  # type: ignore[arg-type]
        page.goto(address(cloud, "access?tab=audit"))
        first = page.get_by_test_id("audit-row").first
        named = "운영 버전 롤백" if locale == "ko-KR" else "Rolled production back"
        expect(first).to_contain_text(named)
        first.locator("summary").click()
        expect(page.locator("th:empty")).to_have_count(0)  # what rules did comes with its words
        shot(page, f"audit-{locale}-{size['width']}-{scheme}")
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
