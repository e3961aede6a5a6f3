"""The dashboard in Debian's Chromium, under the content security policy that AWS serves it with."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    expect,
)

from tests.e2e.cloud import Cloud
from tests.e2e.front import fronted
from tests.images import textured
from training.evaluation.sprite_sheet import MAP_IMAGES_FILE, sprite_sheet
from visionflow.models.manifest import FileEntry, read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore
from visionflow_starter import STARTER

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path("dashboard/node_modules/axe-core/axe.min.js")
PATIENCE_MS = 60_000
"""Only a guard: on a busy machine the emulator takes long to start a worker for each function."""

REPORT = Path("dashboard/tests/data/report.json")
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PAGES = ("live", "predict", "history", "accuracy", "models", "data", "training", "access")
ARGUMENTS = [
    "--no-sandbox",  # Chromium refuses its sandbox to root, as which containers run
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def launch(playwright: Playwright, *more: str) -> Browser:
    """A browser with `ARGUMENTS` and ``more``; skips the test where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} does not exist (apt-get install chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])


def address(cloud: Cloud, page: str) -> str:
    """The URL of one of `PAGES`."""
    return f"{cloud.outputs.dashboard_url}#/{'' if page == 'live' else page}"


@contextmanager
def opened(
    browser: Browser, cloud: Cloud, *, allowed: tuple[str, ...] = (), **options: Any
) -> Iterator[Page]:
    """A tab that fails the test when the page logs an error, throws or breaks its policy.

    The browser logs each answer of 400 and above; those in ``allowed`` are expected.
    """
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(part in message.text for part in allowed):
            complaints.append(message.text)

    with fronted(cloud) as proxy:
        # Without a service worker a test sees every request; `options` may allow it.
        options = {"service_workers": "block", "proxy": {"server": proxy}, **options}
        context = browser.new_context(**options)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        yield page
        context.close()
    assert complaints == [], "\n".join(complaints)


def accessibility_faults(page: Page) -> list[str]:
    """The violations of WCAG 2.2 A and AA that axe finds, as ``rule: element``.

    What stays in the window while the rest scrolls lies in its place meanwhile, with room for it: a
    target that it covers in part, wherever the page is scrolled to, is no smaller than it is.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(
        """async () => {
            const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
            const stays = [...document.querySelectorAll("body *")].filter((element) =>
                ["sticky", "fixed"].includes(getComputedStyle(element).position) &&
                !element.closest("dialog"));
            const around = stays.flatMap(({ parentElement }) => parentElement ?? []);
            for (const { style } of stays) style.setProperty("position", "static", "important");
            for (const { style } of around) style.setProperty("height", "auto", "important");
            const { violations } = await axe.run(document, { runOnly: tags });
            for (const { style } of stays) style.removeProperty("position");
            for (const { style } of around) style.removeProperty("height");
            return violations.flatMap(({ id, nodes }) =>
                nodes.map(({ html, failureSummary }) => `${id}: ${html}\\n${failureSummary}`));
        }"""
    )
    return found


def publish_reported(cloud: Cloud, version: str, folder: Path) -> None:
    """Publish the starter as ``version`` with the report of a real run; makes ``folder``."""
    shutil.copytree(STARTER, folder)
    shutil.copy(REPORT, folder / "report.json")
    _draw_map_images(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["version"] = version
    own = [vars(FileEntry.of(folder, path)) for path in ("report.json", MAP_IMAGES_FILE)]
    paths = {entry["path"] for entry in own}
    others = [extra for extra in manifest["extra_files"] if extra["path"] not in paths]
    manifest["extra_files"] = [*others, *own]
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    store = ModelStore(cloud.outputs.models_bucket, cloud.s3)
    registry = ModelRegistry(cloud.outputs.registry_table, cloud.dynamodb)
    order = Order("somebody", datetime.now(UTC))
    published = Publisher(store, registry)
    published.publish(folder, read_artifact(folder), lambda: order, promote=False)


def _draw_map_images(folder: Path) -> None:
    """Draw an image for each point of the report's map; the real photos are not ours to publish."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    points = np.arange(len(report["findings"]["embedding_map"]["x"]))
    drawn = np.stack([np.asarray(textured((64, 64), seed=n)) for n in range(16)])
    file = folder / MAP_IMAGES_FILE
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(sprite_sheet(drawn, points % len(drawn)))
