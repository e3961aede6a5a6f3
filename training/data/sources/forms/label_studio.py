"""Exports of Label Studio: JSON, JSON-MIN and CSV, with one choice for an image.

https://labelstud.io/guide/export
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from training.data.sources.forms.entry import Document, Entry, Form, cell

_IMAGE = ("image", "img", "image_url", "url", "photo")
_CHOICE = ("choice", "choices", "label", "class")
_OWN = {"annotation_id", "annotator", "lead_time"}
_ABOUT = {*_OWN, "id", "created_at", "updated_at", "completed_by", "source"}


def takes(document: Document) -> bool:
    if not document.rows:
        return False
    first = document.rows[0][1]
    if isinstance(first.get("data"), dict) and ("annotations" in first or "completions" in first):
        return True
    return bool(_OWN & document.columns) and any(name in first for name in _IMAGE)


def entries(document: Document) -> Iterator[Entry]:
    for line, row in document.rows:
        where = f"{document.path}, task {row.get('id', line)}"
        data = row.get("data")
        if isinstance(data, dict):
            lowered = {str(key).lower(): value for key, value in data.items()}
            yield Entry(_image(lowered), tuple(_choices(row)), where)
        else:
            yield Entry(_image(row), tuple(_flat(row)), where)


def _image(row: Mapping[str, Any]) -> str:
    """The image's address: in a column of a usual name, or the only text that has a slash."""
    named = cell(row, _IMAGE)
    return named or next((str(v) for v in row.values() if isinstance(v, str) and "/" in v), "")


def _choices(task: Mapping[str, Any]) -> Iterator[str]:
    """Of the last annotation that was not cancelled, which is the one that was kept."""
    kept = [
        one
        for one in task.get("annotations") or task.get("completions") or ()
        if isinstance(one, dict) and not one.get("was_cancelled")
    ]
    for result in kept[-1].get("result", ()) if kept else ():
        value = result.get("value", {}) if isinstance(result, dict) else {}
        yield from map(str, value.get("choices", ()))


def _flat(row: Mapping[str, Any]) -> Iterator[str]:
    # The label's column has the name that the project's template gives it.
    free = [name for name in row if name not in (*_ABOUT, *_IMAGE) and row[name]]
    named = [name for name in _CHOICE if row.get(name)]
    found = row[named[0]] if named else row[free[0]] if len(free) == 1 else None
    if isinstance(found, str) and found.startswith("{"):
        found = json.loads(found)
    if isinstance(found, dict):
        found = found.get("choices", [])
    if isinstance(found, list):
        yield from map(str, found)
    elif found:
        yield str(found)


FORM = Form("an export of Label Studio", takes, entries)
