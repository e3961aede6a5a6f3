"""Images of Azure Custom Vision as its API lists them: JSON objects with ``id``, addresses and
``tags``. The images lie beside it, each called by its id or by the end of its address.

https://learn.microsoft.com/rest/api/customvision/images/get-images
"""

from collections.abc import Iterator, Mapping
from typing import Any

from training.data.sources.forms.entry import Document, Entry, Form

_ADDRESSES = ("originalimageuri", "imageuri", "resizedimageuri")


def takes(document: Document) -> bool:
    if not document.rows:
        return False
    first = document.rows[0][1]
    return "id" in first and "tags" in first and any(name in first for name in _ADDRESSES)


def entries(document: Document) -> Iterator[Entry]:
    for line, row in document.rows:
        address = next((str(row[name]) for name in _ADDRESSES if row.get(name)), "")
        where = f"{document.path}, image {row.get('id', line)}"
        yield Entry(f"{address}#{row['id']}", tuple(_tags(row)), where)


def _tags(row: Mapping[str, Any]) -> Iterator[str]:
    for tag in row.get("tags") or ():
        name = tag.get("tagName") or tag.get("name") if isinstance(tag, dict) else tag
        if name:
            yield str(name)


FORM = Form("a list of images of Azure Custom Vision", takes, entries)
