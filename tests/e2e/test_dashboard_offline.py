"""The dashboard without a network, what files are called, and code that is pasted from it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, eventually
from tests.e2e.dashboard import DESKTOP, PHONE, address, launch, opened
from tests.images import encode, textured

pytestmark = pytest.mark.e2e

SAMPLE = Path("infra/samples/panda.jpg")
NAME = "=우리 '판다' \"1\" & $HOME.jpg"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    with opened(
        browser, cloud, allowed=("status of 422",), locale="en-US", viewport=DESKTOP
    ) as page:
        yield page


def named(folder: Path, name: str) -> Path:
    file = folder / name
    shutil.copy(SAMPLE, file)
    return file


# Whether the service worker answers for the page, and has all that the page may need.
KEPT = """async () => {
    const cache = await caches.open("visionflow-2");
    const kept = (await cache.keys()).map(({ url }) => url);
    const wanted = await (await fetch("assets.json")).json();
    return navigator.serviceWorker.controller !== null
        && ["config.json", ...wanted].every((path) => kept.some((url) => url.endsWith(path)));
}"""


@pytest.mark.parametrize(("locale", "says"), [("en-US", "offline"), ("ko-KR", "오프라인")])
def test_a_reload_without_a_network_opens_the_app_and_says_so(
    browser: Browser, cloud: Cloud, locale: str, says: str
) -> None:
    context = browser.new_context(service_workers="allow", locale=locale, viewport=PHONE)
    page = context.new_page()
    page.goto(address(cloud, "live"))
    expect(page.get_by_test_id("model-badge")).to_contain_text("starter")
    eventually(lambda: page.evaluate(KEPT) or None, 60, "a worker that keeps the page")
    context.set_offline(True)
    page.reload()
    expect(page.get_by_test_id("not-reached")).to_contain_text(says)
    expect(page.get_by_test_id("config-problem")).to_have_count(0)
    # Header and page agree, on a page too that was never open before.
    for name in ("history", "models"):
        page.goto(address(cloud, name))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        badge = page.get_by_test_id("model-badge").inner_text()
        assert badge.strip().lower() in ("offline", "오프라인")
    page.goto(address(cloud, "history"))
    expect(page.get_by_test_id("live-status")).to_contain_text(badge.strip())
    expect(page.get_by_test_id("history-empty")).to_have_count(0)
    context.set_offline(False)
    expect(page.get_by_test_id("not-reached")).to_have_count(0)
    expect(page.get_by_test_id("model-badge")).to_contain_text("starter")
    context.close()


def test_a_name_is_with_the_result_the_history_and_the_export(
    page: Page, cloud: Cloud, tmp_path: Path
) -> None:
    file = named(tmp_path, NAME)
    broken = tmp_path / "메모.txt.jpg"
    broken.write_text("no image")
    page.goto(address(cloud, "predict"))
    page.get_by_test_id("file-input").set_input_files([file, broken])
    expect(page.get_by_test_id("queue-count")).to_have_text("1 of 2 classified, 1 failed")
    items = page.get_by_test_id("queue-item")
    expect(items.nth(1).get_by_test_id("filename")).to_have_text(broken.name)
    items.nth(1).click()
    problem = page.get_by_test_id("problem")
    expect(problem).to_contain_text(broken.name)
    expect(problem.get_by_role("button")).to_have_count(0)  # another try cannot help
    items.nth(0).click()
    expect(page.get_by_test_id("result").get_by_test_id("filename")).to_have_text(NAME)

    page.goto(address(cloud, "history"))
    row = page.get_by_test_id("history-row").filter(has_text=NAME).first
    row.get_by_role("button").click()
    record = page.get_by_role("dialog")
    expect(record.get_by_test_id("filename")).to_have_text(NAME)
    page.keyboard.press("Escape")
    with page.expect_download() as download:
        page.get_by_test_id("export-csv").click()
    table = Path(download.value.path()).read_text(encoding="utf-8-sig")
    head = table.splitlines()[0].split(",")
    assert {"filename", "image_sha256", "top_k"} <= set(head)
    assert f"\"'{NAME}".replace('"1"', '""1""') in table, "a spreadsheet must not run it"


def test_a_heatmap_from_the_history_adds_no_record(page: Page, cloud: Cloud) -> None:
    answer = cloud.call("POST", "/predict", SAMPLE.read_bytes(), "image/jpeg").body
    before = [row["id"] for row in cloud.call("GET", "/logs", query={"limit": 50}).body["items"]]
    page.goto(f"{address(cloud, 'history')}?record={answer['id']}")
    page.get_by_test_id("record-explain").click()
    expect(page.get_by_test_id("record-map")).to_be_visible()
    after = [row["id"] for row in cloud.call("GET", "/logs", query={"limit": 50}).body["items"]]
    assert after == before


def test_what_the_browser_cannot_show_is_shown_by_its_thumbnail(
    page: Page, cloud: Cloud, tmp_path: Path
) -> None:
    photo = tmp_path / "IMG_0001.heic"
    photo.write_bytes(encode(textured((300, 200)), "HEIF"))
    page.goto(address(cloud, "predict"))
    page.get_by_test_id("file-input").set_input_files(photo)
    expect(page.get_by_test_id("result")).to_be_visible()
    preview = page.get_by_test_id("preview")
    expect(preview).to_be_visible()
    assert "thumbnails/" in str(preview.get_attribute("src"))


def test_the_snippets_work_as_they_are_pasted(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    named(tmp_path, NAME)
    page.goto(address(cloud, "predict"))
    page.get_by_test_id("file-input").set_input_files(tmp_path / NAME)
    result = page.get_by_test_id("result")
    label = page.get_by_test_id("result-label").inner_text()
    result.get_by_test_id("snippet").locator("summary").click()
    ran = {}
    for language in ("curl", "python", "typescript"):
        page.get_by_test_id(f"snippet-{language}").click()
        code = page.get_by_test_id("snippet-code").inner_text()
        ran[language] = _run(language, code, tmp_path)
    assert json.loads(ran["curl"])["label"] == label
    for language in ("python", "typescript"):
        assert ran[language].startswith(label)
    newest = cloud.call("GET", "/logs", query={"limit": 3}).body["items"]
    assert [row["filename"] for row in newest] == [NAME] * 3


def _run(language: str, code: str, folder: Path) -> str:
    """What the program prints, run in ``folder`` without the checkout's settings."""
    if language == "curl":
        command = ["bash", "-c", code]
    elif language == "python":
        command = [sys.executable, "-I", "-c", code]
    else:
        (folder / "snippet.mjs").write_text(_transpiled(code), encoding="utf-8")
        command = ["node", "snippet.mjs"]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _transpiled(code: str) -> str:
    """TypeScript as JavaScript, by the compiler that the dashboard is built with."""
    script = """
        const { transpileModule, ModuleKind, ScriptTarget } = require("typescript");
        const code = require("fs").readFileSync(0, "utf8");
        const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 };
        const { outputText, diagnostics } =
            transpileModule(code, { compilerOptions, reportDiagnostics: true });
        if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
        process.stdout.write(outputText);
    """
    done = subprocess.run(
        [shutil.which("node") or "node", "-e", script],
        input=code,
        cwd="dashboard",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
