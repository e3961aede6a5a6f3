"""Files as people give them to the page: without a type, and in folders."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import address, launch, opened
from tests.images import encode, textured
from visionflow.images.uploads import MAX_DIRECT_BYTES

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    # An uploaded image is asked for until it is recorded.
    with opened(browser, cloud, allowed=("status of 404",), locale="en-US") as page:
        yield page


def drop(page: Page, path: Path) -> None:
    """As a person drops it from a file manager, by the browser's own protocol."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 400, "data": data})


def test_a_large_heic_without_a_type_goes_through_the_bucket(page: Page, cloud: Cloud) -> None:
    """So choosers on Windows and Linux hand over what a phone has made."""
    image = encode(textured((300, 200)), "HEIF")
    padding = MAX_DIRECT_BYTES
    image += padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    page.goto(address(cloud, "predict"))
    chosen = page.get_by_test_id("file-input")
    assert ".heic" in (chosen.get_attribute("accept") or "")
    # No ending either: its bytes alone say what it is.
    chosen.set_input_files({"name": "IMG_0001", "mimeType": "", "buffer": image})
    expect(page.get_by_test_id("result")).to_be_visible()
    (newest, *_) = cloud.logs(source="s3")
    assert (newest["filename"], newest["image"]["bytes"]) == ("IMG_0001", len(image))
    assert newest["image"]["width"] == 300


def test_a_dropped_folder_is_walked(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    album = tmp_path / "album"
    files = ("1.jpg", "deep/er/2.jpg", "notes.txt", "__MACOSX/._1.jpg", "deep/.hidden/3.jpg")
    for number, name in enumerate(files):
        file = album / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(textured((60 + number, 40))))
    (album / "notes.txt").write_text("no image")
    page.goto(address(cloud, "predict"))
    expect(page.get_by_test_id("dropzone")).to_be_visible()
    drop(page, album)
    expect(page.get_by_test_id("queue-count")).to_have_text("2 of 2 classified")
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("no image")
    drop(page, empty)
    expect(page.get_by_text("There is no image in what you added.")).to_be_visible()
    page.screenshot(path=str(tmp_path / "empty.png"))
