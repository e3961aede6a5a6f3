"""The data page against the deployed API: from folders of images to a version, by keyboard."""

import json
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from tests.images import encode, textured
from visionflow.datasets.run import InstantRun, RunResult
from visionflow.datasets.run_store import RunStore
from visionflow.timestamps import new_id, timestamp

pytestmark = pytest.mark.e2e

PER_CLASS = 4


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Images of two classes, each in its folder."""
    for number, label in enumerate(("cat", "dog")):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for n in range(PER_CLASS):
            content = encode(textured((96, 72), seed=100 * number + n))
            (tmp_path / "pets" / label / f"{n}.jpg").write_bytes(content)
    return tmp_path / "pets"


@pytest.mark.parametrize(
    ("locale", "size", "uploaded", "again"),
    [
        ("en-US", DESKTOP, "Uploaded: 8 of 8.", "Duplicates, not sent again: 8."),
        ("ko-KR", PHONE, "업로드 완료: 8장 중 8장.", "중복되어 보내지 않음: 8장."),
    ],
    ids=["en-desktop", "ko-phone"],
)
def test_a_folder_becomes_a_labelled_version(
    browser: Browser,
    cloud: Cloud,
    folder: Path,
    locale: str,
    size: dict[str, int],
    uploaded: str,
    again: str,
) -> None:
    name = f"pets-{secrets.token_hex(4)}"
    # An image that arrived and is not curated yet gets a form again, which S3 then refuses.
    with opened(browser, cloud, allowed=("412",), locale=locale, viewport=size) as page:
        page.goto(address(cloud, "data"))
        page.get_by_test_id("dataset-name").fill(name)
        page.get_by_test_id("create").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)

        page.get_by_test_id("add-folder").set_input_files(folder)
        expect(page.get_by_test_id("upload-progress")).to_contain_text(uploaded)
        expect(page.get_by_test_id("edit-class")).to_have_count(2)
        expect(page.get_by_test_id("image-tile")).to_have_count(2 * PER_CLASS)

        # The same images again, as after a reload.
        page.reload()
        page.get_by_test_id("add-folder").set_input_files(folder)
        expect(page.get_by_test_id("upload-progress")).to_contain_text(again)
        # Curated: each image has its thumbnail.
        expect(page.locator("[data-testid=image-tile] img")).to_have_count(2 * PER_CLASS)
        assert accessibility_faults(page) == []

        grid = page.get_by_test_id("image-grid")
        grid.focus()
        page.keyboard.press("Control+a")
        page.keyboard.press("2")
        expect(page.get_by_test_id("classes").locator("td.end").nth(2)).to_have_text(
            str(2 * PER_CLASS)
        )
        grid.focus()
        page.keyboard.press("Control+z")
        expect(page.get_by_test_id("classes").locator("td.end").nth(2)).to_have_text(str(PER_CLASS))

        page.get_by_test_id("tab-versions").click()
        page.get_by_test_id("freeze").click()
        expect(page.get_by_test_id("manifest")).to_have_attribute("href", re.compile("^http"))
        assert accessibility_faults(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"]


def test_the_camera_adds_photos_while_the_button_is_held(browser: Browser, cloud: Cloud) -> None:
    name = f"shots-{secrets.token_hex(4)}"
    with opened(browser, cloud, locale="en-US", permissions=["camera"]) as page:
        page.goto(address(cloud, "data"))
        page.get_by_test_id("dataset-name").fill(name)
        page.get_by_test_id("create").click()
        page.get_by_test_id("add-camera").click()
        hold = page.get_by_test_id("hold")
        expect(hold).to_be_enabled()
        hold.focus()
        page.keyboard.down("Space")
        expect(page.get_by_test_id("shots")).to_have_text(re.compile(r"Photos: ([5-9]|\d\d)"))
        page.keyboard.up("Space")
        page.get_by_test_id("camera-burst-close").click()
        expect(page.get_by_test_id("image-tile").first).to_be_visible()


SCENES = """
const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
const drawing = canvas.getContext("2d");
const shades = ["#c22", "#2b2", "#22c", "#cc2", "#2bb"];
window.scene = 0;
const noise = () => Math.random() * 6;
const draw = () => {
  drawing.fillStyle = "#ddd";
  drawing.fillRect(0, 0, 640, 480);
  for (let i = 0; i <= 3 * window.scene + 1; i += 1) {
    drawing.fillStyle = shades[window.scene];
    drawing.beginPath();
    const [x, y] = [60 + 100 * (i % 6) + noise(), 80 + 140 * Math.floor(i / 6) + noise()];
    if (window.scene % 2) drawing.rect(x - 40, y - 40, 80, 80 + 10 * window.scene);
    else drawing.ellipse(x, y, 40, 30 + 10 * window.scene, 0, 0, 7);
    drawing.fill();
  }
};
navigator.mediaDevices.getUserMedia = async () => {
  setInterval(draw, 50);
  return canvas.captureStream(20);
};
"""
"""A camera that is held at one thing: frames of a scene differ by a few pixels. `window.scene` is
which of five it sees."""
SHOTS = 20
SLOW_MS = 300_000
"""Only a guard; the figure is in tests/benchmarks/README.md."""


@pytest.mark.usefixtures("registry")
def test_five_classes_from_the_camera_become_a_model_that_answers(
    browser: Browser, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"shots-{secrets.token_hex(4)}"
    classes = ("circle", "square", "pill", "block", "crowd")
    with opened(browser, cloud, allowed=("412",), locale="en-US", viewport=DESKTOP) as page:
        page.add_init_script(SCENES)
        page.goto(address(cloud, "data"))
        page.get_by_test_id("dataset-name").fill(name)
        page.get_by_test_id("dataset-classes").fill(", ".join(classes))
        page.get_by_test_id("create").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_test_id("add-camera")).to_be_visible()
        page.get_by_test_id("add-camera").click()
        hold = page.get_by_test_id("hold")
        taken = 0
        for scene, label in enumerate(classes):
            page.evaluate(f"window.scene = {scene}")
            chosen = page.get_by_test_id("camera-class")
            chosen.fill(label)
            chosen.press("Enter")
            expect(chosen).to_have_value(label)
            expect(hold).to_be_enabled()
            hold.focus()
            page.wait_for_timeout(200)  # a frame of the scene before may be on its way
            page.keyboard.down("Space")
            page.wait_for_function(
                """least => Number(document.querySelector('[data-testid=shots]')
                    .textContent.replace(/\\D/g, '')) >= least""",
                arg=SHOTS,
            )
            page.keyboard.up("Space")
            taken += int(re.sub(r"\D", "", page.get_by_test_id("shots").inner_text()))
        last_shot = time.monotonic()
        page.get_by_test_id("camera-burst-close").click()
        # A frame that came twice is one image.
        counts = "|".join(str(taken - twice) for twice in range(6))
        there = re.compile(rf"labelled: ({counts}) ")
        expect(page.get_by_test_id("dataset-count")).to_contain_text(there)
        page.get_by_test_id("tab-train").click()
        page.get_by_test_id("train").click()
        state = page.get_by_test_id("run-state").first
        expect(state).to_have_attribute("data-state", re.compile("done|failed"), timeout=SLOW_MS)
        assert state.get_attribute("data-state") == "done", page.get_by_test_id("run").inner_text()
        page.get_by_test_id("run-promote").click()
        page.get_by_test_id("move-confirm").click()
        page.get_by_test_id("try-it").click(timeout=SLOW_MS)
        page.evaluate("window.scene = 2")
        expect(page.get_by_test_id("take-image")).to_be_enabled()
        page.wait_for_timeout(200)
        page.get_by_test_id("take-image").click()
        expect(page.get_by_test_id("result")).to_contain_text(classes[2], timeout=SLOW_MS)
        seconds = time.monotonic() - last_shot
    with capsys.disabled():
        print(f"\n{taken} shots of 5 classes: answered {seconds:.1f} s after the last shot")


def test_images_are_labelled_by_keyboard_alone(
    browser: Browser, cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    single, alike, classes = 64, 8, 4
    for n in range(single):
        (tmp_path / f"{n:02d}.jpg").write_bytes(encode(textured((96, 72), seed=500 + n)))
    for n in range(alike):  # the same thing, in files that differ
        image = textured((96, 72), seed=999)
        image.putpixel((n, 0), (255, 255, 255))
        (tmp_path / f"alike-{n}.jpg").write_bytes(encode(image))
    name = f"keys-{secrets.token_hex(4)}"

    def rows() -> list[Record]:
        answer = cloud.call("GET", f"/datasets/{name}/images", query={"limit": 1000})
        found: list[Record] = answer.body["items"]
        return found

    def cluster() -> str | None:
        """The group that look-alikes are in, with whatever else is close to them."""
        groups = Counter(row["group"] for row in rows() if row["group"])
        group, count = next(iter(groups.most_common(1)), (None, 0))
        return group if count >= alike else None

    def labels(at_least: int) -> list[Record] | None:
        found = [row for row in rows() if row["label"] is not None]
        return found if len(found) >= at_least else None

    with opened(browser, cloud, allowed=("412",), locale="en-US", viewport=DESKTOP) as page:
        page.goto(address(cloud, "data"))
        page.get_by_test_id("dataset-name").fill(name)
        page.get_by_test_id("dataset-classes").fill(",".join("abcd"))
        page.get_by_test_id("create").click()
        page.get_by_test_id("add-files").set_input_files(sorted(tmp_path.iterdir()))
        expect(page.get_by_test_id("upload-progress")).to_contain_text(
            f"Uploaded: {single + alike}"
        )
        eventually(cluster, 300, "a group of look-alikes")
        page.reload()
        expect(page.get_by_test_id("image-tile").first).to_be_visible()
        page.get_by_test_id("image-grid").focus()
        begun = time.monotonic()
        for n in range(60):
            page.keyboard.press(str(n % classes + 1))
        stored = eventually(lambda: labels(60), 120, "60 labels")
        seconds = time.monotonic() - begun
        assert {row["label"] for row in stored} == set("abcd")
        # With the shift key, the look-alikes of the image at the cursor too, and no others.
        page.goto(f"{address(cloud, 'data')}?dataset={name}&view=duplicate")
        page.reload()
        expect(page.get_by_test_id("image-tile").first).to_be_visible()
        before = {row["sha256"]: row["label"] for row in rows()}
        page.get_by_test_id("image-grid").focus()
        page.keyboard.press("Shift+4")

        def changed() -> list[Record] | None:
            return [row for row in rows() if row["label"] != before[row["sha256"]]] or None

        (group,) = {
            row["group"] for row in eventually(changed, 120, "the first label of a cluster")
        }

        def whole_cluster() -> bool:
            """Whether all of it have the label: rows are written one after another."""
            return {row["label"] for row in rows() if row["group"] == group} == {"d"}

        eventually(whole_cluster, 120, "the label of the whole cluster")
        assert {row["group"] for row in changed() or ()} == {group}
    with capsys.disabled():
        rate = 60 * 60 / seconds
        print(f"\n60 labels by keys, stored: {seconds:.1f} s, {rate:.0f} a minute")


def finished_training(cloud: Cloud, name: str, version: int) -> None:
    """Record a training of ``version``, as if it had just ended."""
    (table,) = [
        table for table in cloud.dynamodb.list_tables()["TableNames"] if "DatasetTable" in table
    ]
    runs, now = RunStore(table, cloud.dynamodb), datetime.now(UTC)
    waiting = InstantRun(
        id=new_id(now),
        dataset=name,
        version=version,
        model=name,
        state="waiting",
        started_at=timestamp(now),
        started_by="tester",
        promote=False,
    )
    result = RunResult(top1=0.9, top1_low=0.8, top1_high=1.0, images=8, groups=8, worst=())
    runs.finish(runs.start(waiting), timestamp(now), "1", result, serves=False)


def test_new_labels_and_records_of_the_history_close_the_loop(
    browser: Browser, cloud: Cloud, folder: Path, tmp_path: Path
) -> None:
    name = f"loop-{secrets.token_hex(4)}"
    added = 6
    for number, label in enumerate(("cat", "dog")):
        (tmp_path / "more" / label).mkdir(parents=True)
        for n in range(added):
            content = encode(textured((96, 72), seed=700 + 100 * number + n))
            (tmp_path / "more" / label / f"{n}.jpg").write_bytes(content)

    def post(path: str, body: Record) -> Record:
        answer = cloud.call("POST", path, json.dumps(body).encode(), "application/json")
        assert answer.status in (200, 201), answer.body
        return answer.body

    with opened(browser, cloud, allowed=("412",), locale="ko-KR", viewport=PHONE) as page:
        page.goto(address(cloud, "data"))
        page.get_by_test_id("dataset-name").fill(name)
        page.get_by_test_id("create").click()
        expect(page.get_by_test_id("add-images")).to_be_visible()
        tiles = page.locator("[data-testid=image-tile] img")
        page.get_by_test_id("add-folder").set_input_files(folder)
        expect(tiles).to_have_count(2 * PER_CLASS)
        finished_training(cloud, name, post(f"/datasets/{name}/versions", {})["number"])
        page.get_by_test_id("add-folder").set_input_files(tmp_path / "more")
        proposal = page.get_by_test_id("proposal")
        expect(proposal).to_contain_text("버전 1 이후 새 레이블 12개(20개 필요).")

        page.get_by_test_id("flow-open").click()
        page.get_by_test_id("flow-kind-uncertain").uncheck()
        page.get_by_test_id("flow-per-day").fill("5")
        page.get_by_test_id("flow-save").click()
        expect(page.get_by_test_id("flow-today")).to_have_text("오늘 5장 중 0장")
        assert accessibility_faults(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

        data = encode(textured((96, 72), seed=secrets.randbelow(2**31)))
        record = cloud.call("POST", "/predict", data, "image/jpeg").body
        post(f"/predictions/{record['id']}/feedback", {"label": "dog", "new": True})
        expect(page.get_by_test_id("flow-today")).to_have_text("오늘 5장 중 1장")

        page.get_by_test_id("flow-off").click()
        expect(page.get_by_test_id("flow-today")).to_have_count(0)
