"""Keys in code and templates, and texts in the catalogue, belong together one to one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from training.texts import catalogue
from training.texts.catalogue import spans, text, text_spans, texts

ROOT = Path(__file__).parents[4]
FOLDER = Path(catalogue.__file__).parent
KEYS = sorted(texts())
FILES = "|".join(sorted(file.stem for file in FOLDER.glob("*.toml")))


def keys_in_templates() -> Iterator[str]:
    """Of what is joined to a value, ``"terms.part." ~ part``, the part that is known."""
    for template in (ROOT / "training").rglob("*.j2"):
        yield from re.findall(rf'"((?:{FILES})\.[\w.]*)"', template.read_text(encoding="utf-8"))


def keys_in_code() -> Iterator[str]:
    for folder in ("training", "infra"):
        for file in (ROOT / folder).rglob("*.py"):
            source = file.read_text(encoding="utf-8")
            if file.parent == FOLDER or "training.texts.catalogue import" not in source:
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "text":
                    yield key_of(node)


def key_of(call: ast.Call) -> str:
    """Of an f-string the part before its first value."""
    key = call.args[0]
    constant = key.values[0] if isinstance(key, ast.JoinedStr) else key
    assert isinstance(constant, ast.Constant), f"{ast.unparse(call)} has no key to look for"
    return str(constant.value)


def placeholders(sentence: str) -> list[tuple[str, str | None]]:
    return sorted((name, form) for _, name, form, _ in Formatter().parse(sentence) if name)


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {*keys_in_templates(), *keys_in_code()}


def test_every_key_that_is_used_has_a_text(used: set[str]) -> None:
    prefixes = {key for key in used if key.endswith(".")}
    assert used - prefixes <= set(KEYS)
    assert [p for p in prefixes if not any(key.startswith(p) for key in KEYS)] == []


def test_every_text_is_used(used: set[str]) -> None:
    prefixes = tuple(key for key in used if key.endswith("."))
    assert [key for key in KEYS if key not in used and not key.startswith(prefixes)] == []


def test_no_template_holds_a_korean_sentence_of_its_own() -> None:
    for template in (ROOT / "training").rglob("*.j2"):
        rest = template.read_text(encoding="utf-8").replace("한국어", "")
        assert re.findall("[가-힣]+", rest) == [], template.name


@pytest.mark.parametrize("key", KEYS)
def test_both_languages_take_the_same_values(key: str) -> None:
    found = texts()[key]
    assert placeholders(found.en) == placeholders(found.ko)


@pytest.mark.parametrize("key", KEYS)
def test_each_language_is_what_it_is_called(key: str) -> None:
    found = texts()[key]
    assert found.en.strip() == found.en and found.ko.strip() == found.ko
    assert re.search("[a-zA-Z]", found.en) and not re.search("[가-힣]", found.en)
    assert re.search("[가-힣]", found.ko)


def test_values_take_their_places() -> None:
    found = text("inspection.first_of", shown=48, count=1234)
    assert found.en.startswith("The first 48 of 1,234.")
    assert found.ko.startswith("전체 1,234개 중 앞의 48개")


@pytest.mark.parametrize("key", ["inspection.first_of", "inspection.nothing_like_it"])
def test_an_unknown_key_and_a_missing_value_are_errors(key: str) -> None:
    with pytest.raises(KeyError):
        text(key, shown=48)


def test_spans_are_escaped() -> None:
    assert spans("<b>", "&") == '<span lang="en">&lt;b&gt;</span><span lang="ko">&amp;</span>'
    assert "<" not in re.sub(r"</?span[^>]*>", "", text_spans("report.by_seed", seed="<i>"))
