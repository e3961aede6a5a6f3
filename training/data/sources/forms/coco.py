"""COCO annotations whose images show one category each: as Roboflow and Azure's tools export a
set for classification.

https://cocodataset.org/#format-data
"""

from collections.abc import Iterator

from training.data.sources.forms.entry import Document, Entry, Form
from visionflow.part_names import part_of

FILE_NAME = "_annotations.coco.json"
_LISTS = ("images", "annotations", "categories")


def takes(document: Document) -> bool:
    tree = document.tree
    return isinstance(tree, dict) and all(isinstance(tree.get(name), list) for name in _LISTS)


def entries(document: Document) -> Iterator[Entry]:
    tree = document.tree
    names = {category["id"]: str(category["name"]) for category in tree["categories"]}
    shown: dict[object, dict[str, None]] = {}
    for annotation in tree["annotations"]:
        label = names[annotation["category_id"]]
        shown.setdefault(annotation["image_id"], {})[label] = None
    part = part_of(document.path.parent.name) or part_of(document.path.stem)
    for image in tree["images"]:
        reference = str(image.get("file_name") or image.get("coco_url") or "")
        where = f"{document.path}, image {image['id']}"
        yield Entry(reference, tuple(shown.get(image["id"], ())), where, part)


FORM = Form("COCO annotations with one category for each image", takes, entries)
