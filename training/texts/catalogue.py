"""Texts in English and Korean by key; code and templates hold keys, not sentences.

A key is the name of a TOML file of this folder and the path of a table in it: `terms.part.test`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup

from visionflow.strict import parse

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Text:
    en: str
    ko: str


def text(key: str, **values: object) -> Text:
    """The text with ``values`` in the place of its names in braces.

    Raises `KeyError` for a key that is unknown and for a name without a value.
    """
    found = texts()[key]
    return Text(found.en.format_map(values), found.ko.format_map(values))


def spans(en: str, ko: str) -> Markup:
    """Both languages for a page, which shows one of them; the texts are escaped."""
    return Markup('<span lang="en">{}</span><span lang="ko">{}</span>').format(en, ko)


def text_spans(key: str, **values: object) -> Markup:
    """`text` as `spans`: the templates' ``t``."""
    found = text(key, **values)
    return spans(found.en, found.ko)


@cache
def texts() -> Mapping[str, Text]:
    """All texts by key. Raises `ConfigError` for one that lacks a language."""
    found: dict[str, Text] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        found |= _texts_of(tomllib.loads(file.read_text(encoding="utf-8")), file.stem)
    return found


def _texts_of(table: Mapping[str, object], path: str) -> Iterator[tuple[str, Text]]:
    for name, entry in table.items():
        key = f"{path}.{name}"
        if isinstance(entry, Mapping) and not entry.keys() & {"en", "ko"}:
            yield from _texts_of(entry, key)
        else:
            yield key, parse(Text, entry, key)
