"""What the dashboard claims of a model and of a training job, against what is."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from visionflow_starter import STARTER

pytestmark = pytest.mark.e2e

BOTH = pytest.mark.parametrize(
    ("locale", "size"), [("en-US", DESKTOP), ("ko-KR", PHONE)], ids=["en-desktop", "ko-phone"]
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def wait_for_folder(page: Page) -> None:
    """The API lists the bucket at most once a minute; the form has no goals before."""
    for _ in range(15):
        expect(page.get_by_test_id("job-form")).to_be_visible()
        if page.get_by_test_id("job-data").count():
            return
        page.wait_for_timeout(5_000)
        page.reload()


@BOTH
def test_accuracy_says_what_is_recognised_and_where_the_threshold_stands(
    browser: Browser, cloud: Cloud, locale: str, size: dict[str, int]
) -> None:
    report = json.loads((STARTER / "report.json").read_text())
    test, threshold = report["test"], report["unknown_threshold"]
    answered = round(test["known"] * test["images"])
    with opened(browser, cloud, locale=locale, viewport=size) as page:
        page.goto(address(cloud, "accuracy?tab=curves"))
        headline = page.get_by_test_id("headline")
        for n in (test["images"], answered):
            expect(headline).to_contain_text(f", n={n}")
        expect(page.get_by_test_id("never-unknown")).to_have_count(0)
        used = page.get_by_test_id("threshold-used")
        expect(used).to_contain_text(f"{int(1000 * threshold) / 10}%")
        expect(used).to_contain_text(re.compile(r"n=\d+"))
        page.get_by_test_id("coverage").scroll_into_view_if_needed()
        expect(page.get_by_test_id("coverage").locator("canvas")).to_be_visible()
        page.locator("#bins-title").click()
        counts = page.get_by_test_id("bins").locator("td.end").all_inner_texts()
        assert sum(map(int, counts)) == test["images"]
        assert min(map(int, counts)) >= 10
        assert accessibility_faults(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]


@BOTH
def test_models_give_no_verdict_on_few_images_and_none_on_quality(
    browser: Browser, cloud: Cloud, locale: str, size: dict[str, int]
) -> None:
    found = eventually(lambda: cloud.call("GET", "/stats").body["drift"] or None, 60, "drift")
    verdicts = [drift["verdict"] for drift in found.values()]
    few = [drift["n"] < drift["needed"] for drift in found.values()]
    assert few == [verdict == "too_few" for verdict in verdicts]
    with opened(browser, cloud, locale=locale, viewport=size) as page:
        page.goto(address(cloud, "models"))
        panel = page.get_by_test_id("drift")
        expect(panel.get_by_test_id("few-images")).to_have_count(sum(few))
        expect(panel.locator(".chip.good")).to_have_count(verdicts.count("steady"))
        proves = page.get_by_test_id("gate-proves")
        expect(proves).to_contain_text("export" if locale == "en-US" else "변환")
        assert accessibility_faults(page) == []


@BOTH
def test_a_local_job_waits_for_its_worker_at_no_cost_and_names_no_machine(
    browser: Browser, cloud: Cloud, drawn_flowers: str, locale: str, size: dict[str, int]
) -> None:
    asked = {"config": "cifar10-small", "data": drawn_flowers, "max_hours": 1}
    started = cloud.call("POST", "/training-jobs", json.dumps(asked).encode(), "application/json")
    job_id = started.body["id"]

    def running() -> Record | None:
        job = cloud.call("GET", f"/training-jobs/{job_id}").body
        return job if job["state"] == "running" else None

    job = eventually(running, 240, "a running job")
    assert (job["instance"], job["cost_usd"], job["waits_for_worker"]) == (None, 0, True)
    try:
        with opened(browser, cloud, locale=locale, viewport=size) as page:
            page.goto(address(cloud, f"training?job={job_id}"))
            wait_for_folder(page)
            panel = page.get_by_test_id("job")
            expect(panel.get_by_test_id("job-state")).to_contain_text("visionflow jobs machines")
            expect(panel.get_by_test_id("worker-command")).to_have_value("visionflow jobs machines")
            expect(panel).to_contain_text("$0.00")
            form = page.get_by_test_id("job-form")
            expect(form.get_by_test_id("goal-speed")).to_contain_text("$0.00")
            expect(form.get_by_role("radio").nth(1)).to_be_checked()
            form.get_by_test_id("advanced").locator("summary").first.click()
            expect(page.get_by_test_id("job-hours")).to_be_visible()
            expect(page.get_by_test_id("job-instance")).to_have_count(0)
            # A photograph's size, and no list that is open to typing where there are choices.
            expect(page.get_by_test_id("job-config")).to_have_value("flowers")
            text = page.locator("main").inner_text()
            assert not re.search(r"g4dn|us-east|eu-|\bspot\b|스팟", text), text
            assert accessibility_faults(page) == []
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= size["width"]
    finally:
        cloud.call("DELETE", f"/training-jobs/{job_id}")


@BOTH
def test_a_refused_job_marks_its_field_and_says_why(
    browser: Browser, cloud: Cloud, drawn_flowers: str, locale: str, size: dict[str, int]
) -> None:
    with opened(browser, cloud, allowed=("status of 422",), locale=locale, viewport=size) as page:
        page.goto(address(cloud, "training"))
        wait_for_folder(page)
        page.get_by_test_id("advanced").locator("summary").first.click()
        name = page.get_by_test_id("setting-name")
        name.fill("꽃 사진")
        # As a keyboard does: Enter in a field sends the form.
        name.press("Enter")
        expect(name).to_have_attribute("aria-invalid", "true")
        expect(name).to_be_focused()
        told = "name must be" if locale.startswith("en") else "최대 100자의 영문자"
        expect(page.get_by_test_id("fault")).to_contain_text(told)
        assert accessibility_faults(page) == []
        name.fill("flowers")
        expect(name).not_to_have_attribute("aria-invalid", "true")
