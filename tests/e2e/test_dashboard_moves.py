"""The dialog of a move on the page says what the API then does, with two models at 1.0.0."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.cloud import Cloud, Record
from tests.e2e.dashboard import DESKTOP, PHONE, accessibility_faults, address, launch, opened
from tests.tiny_model import LABELS, write_tiny_artifact
from visionflow.models.manifest import read_artifact
from visionflow.models.publication import Publisher
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order
from visionflow.models.store import ModelStore

pytestmark = pytest.mark.e2e

CLASSES = {"colours": LABELS, "paints": ("Blue", "green", "violet")}
SHOTS = os.environ.get("VISIONFLOW_SCREENSHOTS")  # a folder, for people who want to look


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield launch(playwright)


@pytest.fixture(scope="module")
def published(
    cloud: Cloud, registry: ModelRegistry, tmp_path_factory: pytest.TempPathFactory
) -> ModelRegistry:
    """``colours/1.0.0`` and ``paints/1.0.0``; the first one in production."""
    store = ModelStore(cloud.outputs.models_bucket, cloud.s3)
    for name, labels in CLASSES.items():
        folder = tmp_path_factory.mktemp(name)
        write_tiny_artifact(folder, "1.0.0", name=name, labels=labels)
        Publisher(store, registry).publish(
            folder,
            read_artifact(folder),
            lambda: Order("the tests", datetime.now(UTC)),
            promote=name == "colours",
        )
    return registry


def aliases(cloud: Cloud) -> Record:
    found: Record = cloud.call("GET", "/models").body["aliases"]
    return found


def ask(page: Page, cloud: Cloud, button: str, model: str = "paints/1.0.0") -> list[str]:
    """The sentences of the dialog that ``button`` opens for a version."""
    page.goto(f"{address(cloud, 'models')}?model={model}")
    heading = page.get_by_test_id("model-detail").get_by_role("heading", level=2)
    expect(heading).to_have_text(model.replace("/", " "))
    page.get_by_test_id(button).click()
    changes = page.get_by_test_id("move-changes").get_by_role("listitem")
    expect(changes.first).to_be_visible()
    return changes.all_inner_texts()


def confirm(page: Page) -> None:
    page.get_by_test_id("move-confirm").click()
    expect(page.get_by_test_id("move")).to_have_count(0)


def test_each_sentence_is_what_then_happens(
    browser: Browser, cloud: Cloud, published: ModelRegistry
) -> None:
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        said = ask(page, cloud, "canary")
        assert said[:5] == [
            "10% of the images go to paints 1.0.0; 90% stay with colours 1.0.0.",
            "Classes lost (1) for 10% of the images: red.",
            "Classes gained (1) for 10% of the images: violet.",
            "Classes renamed (1) for 10% of the images: blue → Blue.",
            "The classes have another order, and so other numbers, for 10% of the images.",
        ]
        confirm(page)
        canary = {"name": "paints", "version": "1.0.0", "percent": 10}
        assert aliases(cloud)["canary"] == canary
        # A version is canary or shadow, not both.
        expect(page.get_by_test_id("one-role")).to_be_visible()
        expect(page.get_by_test_id("shadow")).to_be_disabled()

        said = ask(page, cloud, "promote")
        assert said[:7] == [
            "Production changes from colours 1.0.0 to paints 1.0.0.",
            "Classes lost (1), no image is answered with them any more: red.",
            "Classes gained (1): violet.",
            "Classes renamed (1): blue → Blue.",
            "The classes have another order, and so other numbers.",
            "The canary paints 1.0.0 ends and classifies no more images.",
            "A rollback would then return to colours 1.0.0.",
        ]
        assert accessibility_faults(page) == []
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "move-en-1440.png")
        confirm(page)
        found = aliases(cloud)
        assert (found["production"]["name"], found["canary"]) == ("paints", None)
        labels = cloud.call("GET", "/models/paints/1.0.0").body["manifest"]["labels"]
        assert {label["name"] for label in labels} == set(CLASSES["paints"])

        page.get_by_test_id("rollback").click()
        changes = page.get_by_test_id("move-changes")
        expect(changes).to_contain_text("Production changes from paints 1.0.0 to colours 1.0.0.")
        expect(changes).to_contain_text("violet")
        confirm(page)
        assert aliases(cloud)["production"]["name"] == "colours"


def test_what_moved_meanwhile_is_said_before_anything_is_done(
    browser: Browser, cloud: Cloud, published: ModelRegistry
) -> None:
    with opened(browser, cloud, allowed=("status of 409",), locale="ko-KR", viewport=PHONE) as page:
        ask(page, cloud, "promote")
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / "move-ko-390.png")
        assert accessibility_faults(page) == []
        moved = cloud.call("POST", "/models/paints/1.0.0/shadow", b"{}", "application/json")
        assert moved.status == 200
        page.get_by_test_id("move-confirm").click()
        expect(page.locator("[data-effect=shadow_ends]")).to_contain_text("paints 1.0.0")
        assert aliases(cloud)["production"]["name"] == "colours"
        confirm(page)
        found = aliases(cloud)
        assert (found["production"]["name"], found["shadow"]) == ("paints", None)


def test_two_models_at_one_version_are_compared_and_filtered_apart(
    browser: Browser, cloud: Cloud, published: ModelRegistry
) -> None:
    with opened(browser, cloud, locale="en-US", viewport=DESKTOP) as page:
        page.goto(address(cloud, "models"))
        for name in CLASSES:
            row = page.locator(f"[data-model='{name}/1.0.0']")
            row.get_by_test_id("compare-check").check()
        comparison = page.get_by_test_id("comparison")
        for name in CLASSES:
            header = comparison.get_by_role("columnheader", name=f"{name} 1.0.0")
            expect(header).to_be_visible()
        expect(comparison.get_by_test_id("problem")).to_have_count(0)
        page.goto(f"{address(cloud, 'history')}?model=paints/1.0.0")
        expect(page.get_by_test_id("filter-version")).to_have_value("paints/1.0.0")
        choices = page.get_by_test_id("filter-version").locator("option").all_inner_texts()
        assert {"colours 1.0.0", "paints 1.0.0"} <= set(choices)
