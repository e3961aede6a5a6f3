import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.images import encode, textured
from tests.unit.training.inspection.messy_set import SCRIPT, draw_messy_set
from training.inspection.inspection import Inspection, inspect_folder
from training.inspection.inspection_page import page
from training.texts.catalogue import spans


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_messy_set(tmp_path_factory.mktemp("messy"))


@pytest.fixture(scope="module")
def messy(folder: Path) -> Inspection:
    return inspect_folder(folder, "content")


@pytest.fixture(scope="module")
def html(messy: Inspection) -> str:
    return page(messy)


class Tags(HTMLParser):
    """Opening tags with their attributes, and whether each was closed in turn."""

    EMPTY = frozenset({"meta", "input", "img", "rect", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_nothing_from_outside(html: str) -> None:
    tags = Tags(html)
    assert tags.open == []
    assert {tag for tag, _ in tags.found}.isdisjoint({"script", "link", "iframe"})
    sources = [attributes.get("src") or "" for tag, attributes in tags.found if tag == "img"]
    assert sources
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert "http" not in re.sub(r'http-equiv="|base64,[^"]*', "", html)


def test_names_are_escaped(html: str) -> None:
    assert "<script" not in html
    assert SCRIPT.replace("<", "&lt;").replace(">", "&gt;").replace("'", "&#39;") in html


def test_every_finding_is_there_in_both_languages(messy: Inspection, html: str) -> None:
    for finding in messy.findings:
        assert spans(finding.english, finding.korean) in html


def test_every_text_has_both_languages(html: str) -> None:
    spans = re.findall(r'<span lang="(en|ko)">', html)
    assert spans == ["en", "ko"] * (len(spans) // 2)


def test_every_class_has_a_bar_and_a_strip(messy: Inspection, html: str) -> None:
    tags = Tags(html)
    alternatives = [attributes["alt"] for tag, attributes in tags.found if tag == "img"]
    for entry in messy.contents.classes:
        labels = [attributes.get("aria-label") for tag, attributes in tags.found if tag == "svg"]
        assert f"{entry.label}: {entry.images}" in labels
        assert (entry.label in alternatives) == bool(entry.images)


def test_duplicates_are_shown_side_by_side(messy: Inspection, html: str) -> None:
    shown = html.count('<li><img src="data:')
    contents = messy.contents
    assert shown == len(contents.exact_duplicates) + len(contents.near_duplicates) == 6
    assert html.count("<small>test/dog/leak.jpg</small>") == 1


def test_an_image_that_is_gone_meanwhile_stops_nothing(
    folder: Path, messy: Inspection, tmp_path: Path
) -> None:
    moved = shutil.copytree(folder, tmp_path / "moved")
    inspection = inspect_folder(moved, "content")
    shutil.rmtree(moved)
    assert len(page(inspection)) > 10_000


def test_a_sound_undivided_set_has_a_short_page(tmp_path: Path) -> None:
    for i in range(40):
        file = tmp_path / "꽃" / f"{'ab'[i % 2]}" / f"{i}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(textured(seed=i)))
    html = page(inspect_folder(tmp_path / "꽃", "content"))
    assert "<h1>꽃</h1>" in html
    assert "Nothing to fix was found." in html
    assert "고칠 것이 없습니다." in html
    assert "Unreadable files" not in html
