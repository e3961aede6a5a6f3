"""The engine that classifies in the browser: its answers, no network, and what it refuses."""

import io
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, eventually
from tests.e2e.dashboard import DESKTOP, address, launch, opened
from tests.e2e.engine import classify, open_engine
from tests.images import encode, textured
from visionflow.models.manifest import artifact_prefix, read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow_starter import STARTER

pytestmark = pytest.mark.e2e

# Not the flower: a parent of its best label has the threshold's confidence to four digits.
SAMPLES = [Path(f"infra/samples/{name}.jpg") for name in ("cat", "coffee", "panda", "temple")]
# Two processors round int8 sums differently.
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture
def page(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        page.goto(address(cloud, "account"))
        yield page


def predicted(cloud: Cloud, sample: Path) -> dict[str, Any]:
    query = {"explain": "true", "top_k": "5"}
    answer = cloud.call("POST", "/predict", sample.read_bytes(), "image/jpeg", query=query)
    assert answer.status == 200, answer.body
    return answer.body


def test_nothing_is_loaded_before_it_is_opened_and_then_all_from_the_site_and_the_bucket(
    page: Page, cloud: Cloud
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert not any("/engine/" in url or ".onnx" in url for url in asked)
    engine = open_engine(page)
    assert engine["isolated"], "without isolation there are no threads"
    assert engine["threads"] >= 1
    assert engine["model"]["name"] == "starter"
    assert engine["shares"] == sorted(engine["shares"])
    assert engine["shares"][-1] == 1


def test_the_browser_answers_as_the_function_does(page: Page, cloud: Cloud) -> None:
    open_engine(page)
    for sample in SAMPLES:
        here, there = classify(page, sample, explain=True), predicted(cloud, sample)
        assert here["label"] == there["label"]
        assert here["parents"] == there["parents"]
        assert here["status"] == there["status"]
        assert here["unknownReason"] == there["unknown_reason"]
        assert here["confidence"] == pytest.approx(there["confidence"], abs=TOLERANCE)
        assert here["familiarity"] == pytest.approx(there["familiarity"], abs=TOLERANCE)
        assert here["topK"][0]["label"] == there["top_k"][0]["label"]
        assert len(here["topK"]) == 5
        with Image.open(sample) as image:
            assert (here["width"], here["height"]) == image.size
        mine, theirs = here["explanation"], there["explanation"]
        assert mine["label"] == theirs["label"]
        assert mine["box"] == pytest.approx(theirs["box"])
        flat = [[value for row in one["values"] for value in row] for one in (mine, theirs)]
        assert flat[0] == pytest.approx(flat[1], abs=0.15)


def on_its_side(image: Image.Image) -> bytes:
    """Stored on its side, with the tag that says how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif)


def see_through(image: Image.Image) -> bytes:
    """With a corner that nothing is in, and one that is half there."""
    image = image.convert("RGBA")
    width, height = image.size
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (0, 0, width // 2, height // 3))
    alpha.paste(128, (width // 2, 0, width, height // 3))
    image.putalpha(alpha)
    return saved(image, "PNG")


def grey(image: Image.Image) -> bytes:
    return saved(image.convert("L"), "JPEG", quality=95)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_files_of_other_shapes_are_decoded_as_in_the_function(page: Page, cloud: Cloud) -> None:
    open_engine(page)
    with Image.open(SAMPLES[2]) as panda:
        panda.load()
    upright = panda.size
    for shaped in (on_its_side, see_through, grey):
        data = shaped(panda)
        here = classify(page, data)
        kind = "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"
        there = cloud.call("POST", "/predict", data, kind).body
        assert (here["width"], here["height"]) == upright
        assert here["topK"][0]["label"] == there["top_k"][0]["label"], shaped.__name__
        best = there["top_k"][0]["confidence"]
        assert here["topK"][0]["confidence"] == pytest.approx(best, abs=2 * TOLERANCE)


def test_what_cannot_be_decoded_here_is_refused_and_the_next_image_answered(page: Page) -> None:
    open_engine(page)
    assert classify(page, b"no image") == {"code": "device_image"}
    assert classify(page, encode(textured((300, 200)), "TIFF")) == {"code": "device_image"}
    assert classify(page, SAMPLES[0])["label"]


def test_frames_are_smoothed_until_it_restarts(page: Page) -> None:
    open_engine(page)
    # A frame far from those before moves the answer only a part of the way.
    shares = page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(320, 240);
            const context = canvas.getContext("2d");
            const frame = async (colour) => {
                context.fillStyle = colour;
                context.fillRect(0, 0, 320, 240);
                const bitmap = await createImageBitmap(canvas);
                const answer = await engine.frame(bitmap);
                return { answer, closed: bitmap.width === 0 };
            };
            const first = await frame("#0a0");
            const mixed = await frame("#e11");
            engine.restart();
            const alone = await frame("#e11");
            const of = ({ topK }) => topK[0].confidence;
            return [of(first.answer), of(mixed.answer), of(alone.answer), first.closed];
        }"""
    )
    assert shares[3], "a frame is taken over and closed"
    assert shares[1] != pytest.approx(shares[2], abs=1e-6)


KEPT = """async () => {
    const worker = navigator.serviceWorker.controller;
    return worker !== null && (await caches.match("index.html")) !== undefined;
}"""


@pytest.fixture
def installed(browser: Browser, cloud: Cloud) -> Iterator[Page]:
    """The page with its service worker. The browser logs what it asks for without a network."""
    options = {"service_workers": "allow", "locale": "en-US", "viewport": DESKTOP}
    with opened(browser, cloud, allowed=("ERR_INTERNET_DISCONNECTED",), **options) as page:
        yield page


def test_without_a_network_it_opens_and_answers_again(installed: Page, cloud: Cloud) -> None:
    page, context = installed, installed.context
    page.goto(address(cloud, "account"))
    eventually(lambda: page.evaluate(KEPT) or None, 60, "a worker that keeps the page")
    before = open_engine(page)
    model = before["model"]
    assert before["kept"] == [model]
    answer = classify(page, SAMPLES[0])
    context.set_offline(True)
    page.reload()
    expect(page.get_by_test_id("not-reached")).to_be_visible()
    again = open_engine(page)
    assert (again["model"], again["kept"]) == (model, [model])
    assert again["isolated"]
    assert again["threads"] == before["threads"]
    same = classify(page, SAMPLES[0])
    assert (same["label"], same["status"]) == (answer["label"], answer["status"])
    assert same["confidence"] == pytest.approx(answer["confidence"])
    missing = open_engine(page, {"name": "starter", "version": "never-opened"})
    assert missing["code"] == "device_model_missing"


def test_a_damaged_model_is_refused(page: Page, cloud: Cloud, tmp_path: Path) -> None:
    version = "damaged"
    folder = tmp_path / version
    shutil.copytree(STARTER, folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(json.dumps({**manifest, "version": version}))
    artifact = read_artifact(folder)
    publisher = Publisher(
        ModelStore(cloud.outputs.models_bucket, cloud.s3),
        ModelRegistry(cloud.outputs.registry_table, cloud.dynamodb),
    )
    order = Order("somebody", datetime.now(UTC))
    publisher.publish(folder, artifact, lambda: order, promote=False)
    data = bytearray((folder / artifact.served_file.path).read_bytes())
    data[len(data) // 2] ^= 1
    key = artifact_prefix(artifact.name, version) + artifact.served_file.path
    cloud.s3.put_object(Bucket=cloud.outputs.models_bucket, Key=key, Body=bytes(data))
    refused = open_engine(page, {"name": artifact.name, "version": version})
    assert refused["code"] == "device_checksum"
    # What was refused is not kept, and the version that serves opens as before.
    assert open_engine(page)["labels"] == len(artifact.labels)
