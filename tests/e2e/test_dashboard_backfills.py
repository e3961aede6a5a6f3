"""The page of backfills in a browser, by answers as the API gives them: one is long to make."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened

pytestmark = pytest.mark.e2e

AT = "2026-03-01T09:00:00.000000Z"
ESTIMATE = {
    "images": 20_000,
    "exact": True,
    "bytes": 1_840_000_000,
    "usd": 0.042,
    "seconds": 620.0,
    "items": {"lambda_gb_seconds": 0.03, "s3_gets": 0.008, "express_executions": 0.004},
    "basis": "release",
}
DONE: dict[str, Any] = {
    "id": "01M8EW49C5TCN91P2HRK8KGT36",
    "state": "done",
    "reason": None,
    "source": "s3://photos-of-the-whole-team/archive/2025/",
    "models": ["starter/1.0.0"],
    "compares": False,
    "into": "files",
    "sample": None,
    "concurrency": 8,
    "max_usd": 1.0,
    "role": None,
    "created_at": AT,
    "started_by": "ann@team.test",
    "ended_at": "2026-03-01T09:10:51.000000Z",
    "estimate": ESTIMATE,
    "progress": {
        "listed": 20_000,
        "listed_all": True,
        "not_images": 3,
        "ok": 19_000,
        "unknown": 700,
        "failed": 300,
        "skipped": 0,
        "left": 0,
        "chunks": 40,
        "chunks_done": 40,
        "failed_codes": {"image_unreadable": 280, "image_too_large": 20},
        "active_seconds": 651.0,
        "spent_usd": 0.0441,
        "images_per_second": 30.7,
        "expected_end": None,
        "expected_seconds": None,
        "expected_usd": None,
    },
    "results": {
        "location": "s3://visionflow-backfills/results/run=01M8EW49C5TCN91P2HRK8KGT36/",
        "database": "visionflow_local",
        "table": "backfills",
        "query": "SELECT label, count(*) AS images, avg(confidence) AS sure\nFROM backfills\n"
        "WHERE run = '01M8EW49C5TCN91P2HRK8KGT36'\nGROUP BY label ORDER BY images DESC",
    },
    "history": [
        {"at": AT, "by": "ann@team.test", "state": "listing", "code": None},
        {"at": AT, "by": "visionflow", "state": "running", "code": None},
        {"at": AT, "by": "visionflow", "state": "done", "code": None},
    ],
}
RUNNING = {
    **DONE,
    "id": "01M8EW49C5TCN91P2HRK8KGT37",
    "state": "running",
    "ended_at": None,
    "progress": {
        **DONE["progress"],
        "ok": 9_000,
        "left": 10_000,
        "chunks_done": 20,
        "expected_end": "2026-03-01T09:12:00.000000Z",
        "expected_usd": 0.043,
    },
    "history": DONE["history"][:2],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


def answer(route: Route) -> None:
    """As `POST` and `GET /backfills` and `GET /backfills/{id}` do."""
    status = 200
    body: dict[str, Any] = {"items": [RUNNING, DONE], "next_cursor": None}
    if route.request.method == "POST":
        body = {"estimate": ESTIMATE, "models": ["starter/1.0.0"], "backfill": None}
    for backfill in (RUNNING, DONE):
        if route.request.url.endswith(f"/{backfill['id']}"):
            body = backfill
    headers = {"access-control-allow-origin": "*", "access-control-allow-headers": "*"}
    if route.request.method == "OPTIONS":
        status = 204
    route.fulfill(
        status=status, headers=headers, content_type="application/json", body=json.dumps(body)
    )


@pytest.mark.parametrize(
    ("locale", "scheme", "size"),
    [("en-US", "light", DESKTOP), ("ko-KR", "dark", PHONE)],
    ids=["en-desktop-light", "ko-phone-dark"],
)
def test_backfills_are_estimated_and_shown_within_the_screen(
    browser: Browser, cloud: Cloud, locale: str, scheme: Any, size: dict[str, int]
) -> None:
    options = {"locale": locale, "color_scheme": scheme, "viewport": size}
    with opened(browser, cloud, **options) as page:
        page.route("**/backfills", answer)
        page.route("**/backfills?*", answer)
        page.route("**/backfills/*", answer)
        page.goto(address(cloud, "models/backfills"))
        expect(page.get_by_test_id("backfill-row")).to_have_count(2)
        page.get_by_test_id("backfill-source").fill("s3://photos/2025/")
        page.get_by_test_id("backfill-source").press("Enter")
        expect(page.get_by_test_id("backfill-estimate")).to_contain_text("20,000")
        expect(page.get_by_test_id("backfill-start")).to_be_enabled()
        assert accessibility_faults(page) == []
        page.get_by_test_id("backfill-row").nth(1).press("Enter")
        expect(page.get_by_test_id("backfill-compared")).to_contain_text("+5%")
        expect(page.get_by_test_id("backfill-results")).to_be_visible()
        assert accessibility_faults(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]
