"""What people do on the dashboard, each to its effect in the cloud."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import VISIONFLOW
from tests.e2e.dashboard import address, launch, opened, publish_reported
from visionflow.images.uploads import MAX_DIRECT_BYTES

pytestmark = pytest.mark.e2e

SAMPLE = Path("infra/samples/panda.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    # An uploaded image is asked for until it is recorded.
    with opened(browser, cloud, allowed=("status of 404",), locale="en-US") as page:
        yield page


def open_page(page: Page, cloud: Cloud, name: str) -> None:
    page.goto(address(cloud, name))


def newest(cloud: Cloud, **query: str) -> Record:
    return next(cloud.logs(**query))


def test_several_images_are_classified_and_one_is_confirmed(page: Page, cloud: Cloud) -> None:
    open_page(page, cloud, "predict")
    page.get_by_test_id("file-input").set_input_files([Path("infra/samples/cat.jpg"), SAMPLE])
    expect(page.get_by_test_id("queue-count")).to_have_text("2 of 2 classified")
    expect(page.get_by_test_id("heatmap")).to_be_visible()
    label = page.get_by_test_id("result-label").inner_text()
    page.get_by_test_id("feedback-yes").click()
    expect(page.get_by_test_id("feedback")).to_contain_text(f"Confirmed as “{label}”")
    record = eventually(
        lambda: next((r for r in cloud.logs(source="api") if r["feedback"]), None), 5, "feedback"
    )
    assert record["feedback"]["label"] == record["label"] == label


def test_an_image_is_taken_with_the_camera(page: Page, cloud: Cloud) -> None:
    before = newest(cloud, source="api")["id"]
    open_page(page, cloud, "predict")
    page.get_by_test_id("open-camera").click()
    shutter = page.get_by_test_id("take-image")
    expect(shutter).to_be_enabled(timeout=10_000)
    shutter.click()
    expect(page.get_by_test_id("result")).to_be_visible(timeout=10_000)
    assert newest(cloud, source="api")["id"] != before


def test_a_large_file_goes_through_the_bucket(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    noise = np.random.default_rng(1).integers(0, 256, (1300, 1300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(large)
    assert large.stat().st_size > MAX_DIRECT_BYTES
    open_page(page, cloud, "predict")
    page.get_by_test_id("file-input").set_input_files(large)
    expect(page.get_by_test_id("upload-progress")).to_be_visible()
    expect(page.get_by_test_id("result")).to_be_visible(timeout=20_000)
    recorded = newest(cloud)
    assert recorded["image"]["bytes"] == large.stat().st_size


def test_a_new_image_is_live_within_three_seconds(page: Page, cloud: Cloud) -> None:
    open_page(page, cloud, "live")
    expect(page.get_by_test_id("live-status")).to_have_attribute("data-state", "live")
    cloud.drop("uploads/live.jpg", SAMPLE.read_bytes())
    (record, *_) = cloud.wait_for({"uploads/live.jpg"}, within=60)
    expect(page.locator(f"[data-id='{record['id']}']")).to_be_visible(timeout=3_000)


def test_the_filtered_rows_are_exported(page: Page, cloud: Cloud) -> None:
    open_page(page, cloud, "history")
    label = newest(cloud, status="ok")["label"]
    page.get_by_test_id("filter-label").fill(label)
    page.get_by_test_id("filter-label").press("Enter")
    expect(page.get_by_test_id("history-row").first).to_contain_text(label)
    with page.expect_download() as download:
        page.get_by_test_id("export-json").click()
    rows = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert {row["label"] for row in rows} == {label}
    assert len(rows) == sum(1 for _ in cloud.logs(label=label))


def test_a_record_opens_by_its_address_and_shows_where_the_model_looked(
    page: Page, cloud: Cloud
) -> None:
    cloud.drop("uploads/explained.jpg", SAMPLE.read_bytes())
    (record, *_) = cloud.wait_for({"uploads/explained.jpg"}, within=60)
    page.goto(f"{address(cloud, 'history')}?record={record['id']}")
    expect(page.get_by_test_id("record-id")).to_have_text(record["id"])
    page.get_by_test_id("record-explain").click()
    expect(page.get_by_test_id("record-map")).to_be_visible(timeout=10_000)


def test_the_least_certain_image_is_labelled_with_a_key(page: Page, cloud: Cloud) -> None:
    (first, *_) = cloud.call("GET", "/uncertain", query={"limit": 50}).body["items"]
    page.goto(f"{address(cloud, 'accuracy')}?tab=label")
    expect(page.get_by_test_id("label-image")).to_be_visible()
    page.locator("body").press("1")
    expect(page.get_by_test_id("label-count")).to_contain_text("1 labelled")
    # The page goes on before the API has answered.
    told = eventually(
        lambda: cloud.call("GET", f"/predictions/{first['id']}").body["feedback"], 30, "feedback"
    )
    assert told["label"] == first["top_k"][0]["label"]


def test_a_version_is_made_the_shadow_and_taken_back(
    page: Page, cloud: Cloud, tmp_path: Path
) -> None:
    publish_reported(cloud, "8.0.0", tmp_path / "model")
    models = cloud.call("GET", "/models").body
    (other,) = (item for item in models["items"] if item["version"] == "8.0.0")
    open_page(page, cloud, "models")
    page.get_by_role("button", name=f"{other['name']} {other['version']}", exact=True).click()
    page.get_by_test_id("shadow").click()
    expect(page.get_by_test_id("move-changes")).to_contain_text(
        f"{other['name']} {other['version']} classifies every image again as the shadow"
    )
    page.get_by_test_id("move-confirm").click()
    expect(page.get_by_test_id("end-shadow")).to_be_visible()
    shadow = cloud.call("GET", "/models").body["aliases"]["shadow"]
    assert shadow == {"name": other["name"], "version": other["version"]}
    page.get_by_test_id("end-shadow").click()
    page.get_by_test_id("move-confirm").click()
    expect(page.get_by_test_id("end-shadow")).to_have_count(0)
    assert cloud.call("GET", "/models").body["aliases"]["shadow"] is None


def open_training(page: Page, cloud: Cloud, folder: str) -> None:
    """The form, once it offers the folder: the API lists the bucket at most once a minute."""
    open_page(page, cloud, "training")
    option = page.locator(f'[data-testid="job-data"] option[value="{folder}"]')
    for _ in range(15):
        expect(page.get_by_test_id("job-form")).to_be_visible()
        if option.count():
            break
        page.wait_for_timeout(5_000)
        page.reload()
    page.get_by_test_id("job-data").select_option(folder)


def test_a_training_job_says_what_it_can_cost_before_it_starts(
    page: Page, cloud: Cloud, drawn_flowers: str
) -> None:
    open_training(page, cloud, drawn_flowers)
    expect(page.get_by_test_id("goal-speed")).to_contain_text("$0.00, at most 2 h")
    page.get_by_test_id("advanced").locator("summary").first.click()
    page.get_by_test_id("job-config").select_option("flowers")
    expect(page.get_by_test_id("setting-finetune.head.epochs")).to_be_visible()
    expect(page.get_by_test_id("estimate")).to_contain_text("$0.00, at most 2 h")


def test_a_training_run_is_started_watched_to_its_end_and_opened(
    page: Page, cloud: Cloud, drawn_flowers: str
) -> None:
    open_training(page, cloud, drawn_flowers)
    page.get_by_test_id("advanced").locator("summary").first.click()
    page.get_by_test_id("job-config").select_option("cifar10-small")
    page.get_by_test_id("setting-scratch.epochs").fill("2")
    for group in ("Data", "Training from scratch"):
        page.locator("summary", has_text=re.compile(rf"^{group}: ")).click()
    page.get_by_test_id("setting-data.workers").fill("0")
    page.get_by_test_id("setting-scratch.batch_size").fill("16")
    page.get_by_test_id("start-job").click()
    state = page.get_by_test_id("job").get_by_test_id("job-state")
    expect(state).to_have_attribute("data-state", "waiting")

    # The emulator's machines run nothing; this runs the job's script for them.
    machines = subprocess.Popen([*VISIONFLOW, "jobs", "machines", "--state", str(cloud.state)])
    try:
        curve = page.get_by_test_id("loss-curve")
        curve.scroll_into_view_if_needed(timeout=180_000)
        expect(curve.locator("canvas")).to_be_visible()
        expect(state).to_have_attribute("data-state", "succeeded", timeout=180_000)
    finally:
        machines.terminate()
        machines.wait(90)
    expect(page.get_by_test_id("job-log")).to_contain_text("scratch 2/2: train loss")
    page.get_by_role("link", name=re.compile("^Results of ")).click()
    expect(page.get_by_test_id("headline")).to_contain_text(re.compile(r"\d+\.\d%"))
    expect(page.get_by_test_id("class-table")).to_contain_text("sunflower")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "You are not signed in"),
        (403, "You are not signed in"),  # API Gateway's own, without a code
        (429, "Too many requests at once."),
        (500, "The API failed on its side."),
    ],
)
def test_a_refusal_is_said_in_words(
    browser: Browser, cloud: Cloud, status: int, sentence: str
) -> None:
    with opened(browser, cloud, allowed=(f"status of {status}",), locale="en-US") as page:
        page.route("**/predict?*", lambda route: route.fulfill(status=status, body="{}"))
        open_page(page, cloud, "predict")
        page.get_by_test_id("file-input").set_input_files(SAMPLE)
        expect(page.get_by_test_id("problem")).to_contain_text(sentence)


def test_an_api_that_goes_and_comes_back(browser: Browser, cloud: Cloud) -> None:
    with opened(browser, cloud, allowed=("ERR_FAILED", "status of 404"), locale="ko-KR") as page:
        open_page(page, cloud, "live")
        status = page.get_by_test_id("live-status")
        expect(status).to_have_attribute("data-state", "live")
        gone = "**/_aws/execute-api/**"
        page.route(gone, lambda route: route.abort())
        expect(status).to_contain_text("API에 연결할 수 없습니다")
        expect(page.get_by_test_id("live-item").first).to_be_visible()
        page.unroute(gone)
        expect(status).to_have_attribute("data-state", "live")


def test_half_an_upload_is_said_to_be_none(browser: Browser, cloud: Cloud, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(SAMPLE.read_bytes() + bytes(MAX_DIRECT_BYTES))
    with opened(browser, cloud, allowed=("ERR_CONNECTION_RESET",), locale="en-US") as page:

        def break_off(route: Route) -> None:
            if route.request.method == "PUT":
                route.abort("connectionreset")
            else:
                route.continue_()

        page.route(f"**/{cloud.outputs.images_bucket}**", break_off)
        open_page(page, cloud, "predict")
        page.get_by_test_id("file-input").set_input_files(large)
        problem = page.get_by_test_id("problem")
        expect(problem).to_have_attribute("data-code", "upload_interrupted")
        expect(problem).to_contain_text("Nothing was recorded")


def test_the_installed_page_keeps_its_own_files_and_no_answer(
    browser: Browser, cloud: Cloud
) -> None:
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(address(cloud, "live"))
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.reload()
    expect(page.get_by_test_id("live-item").first).to_be_visible()
    kept: list[str] = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async name =>
            (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()"""
    )
    site = cloud.outputs.dashboard_url.removesuffix("index.html")
    assert any("/assets/" in url for url in kept)
    assert all(url.startswith(site) for url in kept)
    context.close()
