"""The data page against the deployed API: from folders of images to a version, by keyboard."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.cloud import Cloud
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from tests.images import encode, textured

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
        ("ko-KR", PHONE, "업로드 완료: 8개 중 8개.", "중복되어 보내지 않음: 8개."),
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
