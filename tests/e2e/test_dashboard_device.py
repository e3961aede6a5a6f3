"""The page that classifies on the device, in Chromium with a camera that films real photos."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

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

pytestmark = pytest.mark.e2e

SAMPLES = Path("infra/samples")
NOTHING_KNOWN = "drawn"
"""Beside the samples: what no class looks like."""

SIZE = (640, 480)
SHOWN_FRAMES = 45
"""So many frames of the film show one photo: a second and a half."""

# Keeps what the page opens, to see whether it is closed again.
STREAMS = """
    window.streams = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        window.streams.push(stream);
        return stream;
    };
"""
ENDED = """() => window.streams.length > 0 && window.streams.every((stream) =>
    stream.getTracks().every(({ readyState }) => readyState === "ended"))"""

Filmed = Callable[..., Browser]


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filmed]:
    """Launches browsers whose camera shows samples, one after the other and again."""
    folder = tmp_path_factory.mktemp("films")
    browsers: dict[tuple[str, ...], Browser] = {}
    with sync_playwright() as playwright:

        def launched(*names: str) -> Browser:
            if names not in browsers:
                film = folder / f"{'-'.join(names)}.mjpeg"
                film.write_bytes(b"".join(_frame(name) * SHOWN_FRAMES for name in names))
                camera = f"--use-file-for-fake-video-capture={film}"
                browsers[names] = launch(playwright, camera)
            return browsers[names]

        yield launched


def _frame(name: str) -> bytes:
    data = io.BytesIO()
    if name == NOTHING_KNOWN:
        textured(SIZE).save(data, "JPEG", quality=90)
    else:
        with Image.open(SAMPLES / f"{name}.jpg") as photo:
            ImageOps.fit(photo.convert("RGB"), SIZE).save(data, "JPEG", quality=90)
    return data.getvalue()


@contextmanager
def device_page(
    browser: Browser, cloud: Cloud, **options: Any
) -> Iterator[tuple[Page, list[Request]]]:
    """The page with its engine opened by the keyboard, and what it has sent since."""
    with opened(browser, cloud, permissions=["camera"], **options) as page:
        sent: list[Request] = []
        page.on("request", lambda request: sent.append(request))  # noqa: PLW0108  it is wrapped
        page.add_init_script(STREAMS)
        page.goto(address(cloud, "device"))
        start = page.get_by_test_id("device-start")
        expect(page.get_by_test_id("device-size")).to_have_text(re.compile(r"\d MB"))
        start.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("device-model")).to_contain_text("starter")
        yield page, sent


def with_images(sent: list[Request]) -> list[Request]:
    """The requests that carry an image, or ask to send one."""
    uploads = re.compile(r"/(predict|uploads)([?]|$)")
    return [one for one in sent if one.method == "POST" and uploads.search(one.url)]


def is_whole(page: Page, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert accessibility_faults(page) == []


def test_the_camera_is_answered_live_by_keyboard_and_no_image_leaves(
    filmed: Filmed, cloud: Cloud
) -> None:
    with device_page(filmed("panda", "coffee"), cloud, locale="en-US", viewport=DESKTOP) as (
        page,
        sent,
    ):
        page.get_by_test_id("device-camera").focus()
        page.keyboard.press("Enter")
        label = page.get_by_test_id("device-label")
        for known in ("giant panda", "espresso", "giant panda"):
            expect(label).to_have_text(known)
        expect(page.get_by_test_id("device-bar")).to_have_count(5)
        expect(page.get_by_test_id("device-rate")).to_have_attribute("data-rate", re.compile(r"\d"))
        expect(page.get_by_test_id("device-spoken")).to_have_text(
            re.compile("^(giant panda|espresso)$")
        )
        is_whole(page, DESKTOP["width"])

        page.locator("#content").focus()
        page.keyboard.press("Space")
        result = page.get_by_test_id("device-result")
        expect(result.get_by_test_id("device-label")).to_have_text(
            re.compile("^(giant panda|espresso)$")
        )
        expect(page.get_by_test_id("device-heat")).to_be_visible()
        assert _is_drawn(page), "the heatmap is empty"
        still = result.get_by_test_id("device-label").inner_text()
        expect(page.get_by_test_id("device-made-item")).to_have_count(1)
        is_whole(page, DESKTOP["width"])
        page.get_by_test_id("device-feedback-yes").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("device-feedback-said")).to_contain_text(still)
        page.get_by_test_id("device-resume").focus()
        page.keyboard.press("Enter")
        expect(result).to_have_count(0)
        expect(label).to_be_visible()
        page.get_by_test_id("nav-history").click()
        page.wait_for_function(ENDED)
        assert with_images(sent) == []


def test_images_are_answered_on_a_phone_in_korean(
    filmed: Filmed, cloud: Cloud, tmp_path: Path
) -> None:
    heic = tmp_path / "IMG_0001.heic"
    heic.write_bytes(encode(textured((300, 200)), "HEIF"))
    with device_page(
        filmed("panda", "coffee"),
        cloud,
        locale="ko-KR",
        color_scheme="dark",
        viewport=PHONE,
    ) as (page, sent):
        page.get_by_test_id("device-files").set_input_files([heic, SAMPLES / "panda.jpg"])
        result = page.get_by_test_id("device-result")
        expect(result.get_by_test_id("device-label")).to_have_text("giant panda")
        expect(result.get_by_test_id("label-path")).to_be_visible()
        problem = page.get_by_test_id("problem").first
        expect(problem).to_have_attribute("data-code", "device_image")
        expect(problem).to_contain_text(heic.name)
        is_whole(page, PHONE["width"])
        page.get_by_test_id("device-resume").click()
        page.get_by_test_id("device-camera").click()
        expect(page.get_by_test_id("device-label")).to_have_text("espresso")
        is_whole(page, PHONE["width"])
        assert with_images(sent) == []
        problem.get_by_test_id("device-in-cloud").click()
        expect(page.get_by_test_id("dropzone")).to_be_visible()
        page.get_by_test_id("predict-tab-device").click()
        # Kept by now: it opens by itself.
        expect(page.get_by_test_id("device-model")).to_contain_text("starter")


def test_by_consent_what_is_unknown_is_sent_once_with_the_file_that_was_classified(
    filmed: Filmed, cloud: Cloud
) -> None:
    with device_page(filmed(NOTHING_KNOWN), cloud, locale="en-US", viewport=DESKTOP) as (
        page,
        sent,
    ):
        page.get_by_test_id("device-camera").click()
        expect(page.get_by_test_id("device-answer")).to_have_attribute("data-status", "unknown")
        page.get_by_test_id("device-send").focus()
        page.keyboard.press("Space")  # the switch, not the camera
        expect(page.get_by_test_id("device-send")).to_be_checked()
        expect(page.get_by_test_id("device-noticed")).to_contain_text("1")
        item = page.get_by_test_id("device-made-item")
        expect(item).to_have_attribute("data-state", "sent")
        record = eventually(
            lambda: next(cloud.logs(origin="browser", status="unknown"), None), 10, "the record"
        )
        assert record["device"]["model"] == record["model"]
        assert record["device"]["best"] == record["top_k"][0]["label"]
        assert record["image"]["width"] == SIZE[0]
        page.wait_for_timeout(7_000)  # longer than the least time between two
        expect(item).to_have_count(1)
        assert len(with_images(sent)) == 1


def _is_drawn(page: Page) -> bool:
    drawn: bool = page.get_by_test_id("device-heat").evaluate(
        """(canvas) => canvas.getContext("2d")
            .getImageData(0, 0, canvas.width, canvas.height).data
            .some((value, n) => n % 4 === 3 && value > 100)"""
    )
    return drawn
