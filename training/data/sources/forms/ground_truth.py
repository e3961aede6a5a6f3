"""Manifests of SageMaker Ground Truth and of Rekognition Custom Labels, which are the same form:
JSON Lines with ``source-ref``, and for each label attribute a number and ``<attribute>-metadata``.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
https://docs.aws.amazon.com/rekognition/latest/customlabels-dg/md-create-manifest-file-classification.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from training.data.sources.forms.entry import Document, Entry, Form, cell
from training.errors import DatasetError
from visionflow.part_names import part_of

_REFERENCE = ("source-ref",)
_META = "-metadata"
_ONE, _SEVERAL = "groundtruth/image-classification", "groundtruth/image-classification-multilabel"
_USAGE = ("usage", "part", "split")


def takes(document: Document) -> bool:
    return "source-ref" in document.columns


def entries(document: Document) -> Iterator[Entry]:
    other: set[str] = set()
    labelled = False
    for line, row in document.rows:
        labels: list[str] = []
        for name, meta in row.items():
            if not name.endswith(_META) or not isinstance(meta, dict):
                continue
            found = _labels(meta)
            labels += found
            if not found and meta.get("type") not in (None, _ONE, _SEVERAL):
                other.add(str(meta["type"]))
        labelled = labelled or bool(labels)
        where = f"{document.path}, line {line}"
        yield Entry(cell(row, _REFERENCE), tuple(labels), where, part_of(cell(row, _USAGE)))
    if other and not labelled:
        raise DatasetError(
            f"{document.path}: its labels are of {', '.join(sorted(other))}; only those of whole "
            f"images can be taken ({_ONE})"
        )


def _labels(meta: Mapping[str, Any]) -> list[str]:
    kind = meta.get("type", _ONE)
    if kind == _ONE and "class-name" in meta:
        return [str(meta["class-name"])]
    if kind == _SEVERAL and isinstance(meta.get("class-map"), dict):
        return [str(name) for name in meta["class-map"].values()]
    return []


FORM = Form("a manifest of SageMaker Ground Truth or Rekognition Custom Labels", takes, entries)
