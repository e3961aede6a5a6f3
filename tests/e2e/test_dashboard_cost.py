"""The month's cost, the days before, and curves over each other, in a browser."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, eventually
from tests.e2e.dashboard import (
    DESKTOP,
    PHONE,
    accessibility_faults,
    address,
    launch,
    opened,
)
from tests.images import encode, textured
from visionflow.insights.changes import created, erased
from visionflow.insights.counters import CounterStore
from visionflow.jobs.folder import JobFolders
from visionflow.jobs.record import JobEpoch, JobRecord, JobReport, JobRequest
from visionflow.jobs.store import JobStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import ImageRef, Prediction
from visionflow.timestamps import new_id, timestamp

pytestmark = pytest.mark.e2e

NOW = datetime.now(UTC)
PAST = ModelRef("charted", "1.0.0")
PAST_DAYS, PER_DAY = 5, 30


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="module", autouse=True)
def counted(cloud: Cloud) -> Iterator[None]:
    """An image of now, through the functions, and days before, as they were counted then."""
    answer = cloud.call("POST", "/predict", encode(textured((96, 72), seed=7)), "image/jpeg")
    assert answer.status == 200
    store = CounterStore(cloud.outputs.insights_table, cloud.dynamodb)
    eventually(lambda: measured(cloud), 60, "an image of the version that serves, counted")
    days = [
        [record(NOW - timedelta(days=back), n) for n in range(PER_DAY)]
        for back in range(1, PAST_DAYS + 1)
    ]
    for day in days:
        store.count([created(one, None, None) for one in day])
    yield
    # They have no records: other tests compare the counters with the history.
    for day in days:
        store.count([erased(one, None) for one in day])


def measured(cloud: Cloud) -> bool | None:
    serving = cloud.call("GET", "/costs/month").body["serving"]
    return True if serving["ways"] else None


def record(at: datetime, n: int) -> Prediction:
    unknown = n % 10 == 0
    return Prediction(
        id=new_id(at),
        source="api",
        status="unknown" if unknown else "ok",
        label="rose",
        confidence=0.9,
        top_k=(),
        model=PAST,
        image=ImageRef("images", "api/x", None, 100, 100, 200_000, None),
        thumbnail_key=None,
        timings={"infer": 30.0 + n},
        created_at=timestamp(at),
        error=None,
        expires_at=int(at.timestamp()) + 86_400,
        unknown_reason="unsure" if unknown else None,
    )


def test_the_month_is_answered_beside_the_live_page(browser: Browser, cloud: Cloud) -> None:
    """So far, forecast, what serves, what it is made of, and the prices one click away."""
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP, timezone_id="Asia/Seoul") as page:
        page.goto(address(cloud, "cost"))
        # On a busy machine the emulator may need longer for a first answer than the page waits.
        again = page.get_by_role("button", name="Try again")
        page.add_locator_handler(again, lambda button: button.click())
        expect(page.get_by_test_id("live-tab-cost")).to_have_attribute("aria-current", "page")
        expect(page.get_by_role("heading", name="Cost", level=1)).to_be_visible()
        expect(page.get_by_text("UTC+09:00")).to_be_visible()
        expect(page.get_by_test_id("cost-so-far")).to_contain_text("$")
        # Some whole days had images: what is to come is foreseen, by a method that is said.
        expect(page.get_by_test_id("cost-forecast")).to_contain_text("whole days", ignore_case=True)
        expect(page.get_by_test_id("cost-per-1000")).to_contain_text("takes here")
        parts = page.get_by_test_id("cost-parts")
        for name in ("Images", "Training and datasets", "Fixed, with or without images", "Storage"):
            expect(parts.get_by_text(name, exact=True)).to_be_visible()
        versions = page.get_by_test_id("cost-versions")
        expect(versions.get_by_role("row").filter(has_text="serves")).to_contain_text("HTTP:")
        assert accessibility_faults(page) == []
        page.emulate_media(reduced_motion="reduce")  # axe sees the dialog as it is in the end
        page.get_by_test_id("cost-basis").click()
        dialog = page.get_by_test_id("cost-basis-dialog")
        expect(dialog).to_contain_text("us-east-1")
        expect(dialog.get_by_test_id("basis-model")).to_contain_text("starter")
        expect(dialog.get_by_test_id("basis-prices")).to_contain_text("KMS: key")
        assert "basis=prices" in page.url
        assert accessibility_faults(page) == []


def test_cost_on_a_phone_in_korean(browser: Browser, cloud: Cloud) -> None:
    with opened(
        browser, cloud, locale="ko-KR", viewport=PHONE, color_scheme="dark", has_touch=True
    ) as page:
        page.goto(address(cloud, "cost"))
        expect(page.get_by_test_id("cost-so-far")).to_contain_text("이번 달 누계")
        assert no_wider_than_the_screen(page)
        assert accessibility_faults(page) == []


@pytest.mark.parametrize(
    ("locale", "scheme", "size", "title"),
    [("en-US", "light", DESKTOP, "Over time"), ("ko-KR", "dark", PHONE, "추이")],
    ids=["en-light-desktop", "ko-dark-phone"],
)
def test_days_are_charted_and_listed(
    browser: Browser, cloud: Cloud, locale: str, scheme: str, size: dict[str, int], title: str
) -> None:
    with opened(
        browser, cloud, locale=locale, viewport=size, color_scheme=scheme, timezone_id="UTC"
    ) as page:
        page.goto(f"{address(cloud, 'over-time')}?range=30")
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        for chart in ("volume", "unknown", "latency"):
            frame = page.get_by_test_id(f"{chart}-chart")
            frame.scroll_into_view_if_needed()
            expect(frame.locator("canvas")).to_be_visible()
        assert no_wider_than_the_screen(page)
        assert accessibility_faults(page) == []


def test_an_address_leads_to_a_range_and_a_version(browser: Browser, cloud: Cloud) -> None:
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP, timezone_id="UTC") as page:
        page.goto(f"{address(cloud, 'over-time')}?range=7&version=charted/1.0.0")
        expect(page.get_by_test_id("over-time-range")).to_have_value("7")
        expect(page.get_by_test_id("over-time-version")).to_have_value("charted/1.0.0")
        total = PAST_DAYS * PER_DAY
        expect(page.get_by_test_id("volume")).to_contain_text(f"Images: {total} (days: 7)")
        expect(page.get_by_test_id("unknown")).to_contain_text("10.0% unknown")
        # Nobody has judged them: that is said, not drawn as nothing.
        expect(page.get_by_test_id("accuracy-few")).to_contain_text("Too few to tell")
        page.get_by_text("The same as a table").click()
        table = page.get_by_test_id("over-time-table")
        expect(table.get_by_role("row")).to_have_count(1 + PAST_DAYS)
        page.get_by_test_id("over-time-version").select_option("")
        expect(page.get_by_test_id("volume")).not_to_contain_text(f"Images: {total} (days: 7)")
        assert "version=" not in page.url


@pytest.fixture
def jobs(cloud: Cloud) -> list[str]:
    """Two jobs that have ended, with the curves that their machines reported."""
    store = JobStore(cloud.outputs.jobs_table, cloud.dynamodb)
    folders = JobFolders(cloud.outputs.jobs_bucket, cloud.s3)
    ids = []
    for turn in range(2):
        at = NOW - timedelta(hours=turn + 1)
        job_id = new_id(at)
        reporter = f"overlay-{job_id}"
        store.add(
            JobRecord(
                id=job_id,
                state="succeeded",
                request=JobRequest("flowers", data="s3://pets/all"),
                created_at=timestamp(at),
                ended_at=timestamp(at),
                reporters=(reporter,),
            )
        )
        epochs = tuple(
            JobEpoch(epoch, 1 / epoch, 0.5, (turn + 1) / epoch, epoch / (4 + turn), 1.0)
            for epoch in range(1, 5)
        )
        folders.put_report(JobReport(reporter, job_id, timestamp(at), None, epochs, (), None))
        ids.append(job_id)
    return ids


def test_the_curves_of_jobs_lie_over_each_other(
    browser: Browser, cloud: Cloud, jobs: list[str]
) -> None:
    """Chosen by keyboard, kept in the address, and in numbers too."""
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        page.goto(address(cloud, "training"))
        overlay = page.get_by_test_id("overlay")
        expect(overlay).to_contain_text("Choose two or more jobs")
        picks = page.get_by_test_id("jobs").get_by_test_id("pick-curve")
        for index in range(2):
            picks.nth(index).focus()
            page.keyboard.press("Space")
        for chart in ("loss", "accuracy"):
            frame = overlay.get_by_test_id(f"overlay-{chart}")
            frame.scroll_into_view_if_needed()
            expect(frame.locator("canvas")).to_be_visible()
        expect(overlay.get_by_test_id("overlay-table").get_by_role("row")).to_have_count(3)
        assert accessibility_faults(page) == []
        page.goto(f"{address(cloud, 'training')}?compare={','.join(jobs)}")
        page.reload()
        table = page.get_by_test_id("overlay-table")
        expect(table).to_contain_text("100.0%")
        expect(table).to_contain_text("80.0%")


def no_wider_than_the_screen(page: Page) -> bool:
    wide: bool = page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return wide
