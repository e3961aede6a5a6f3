"""Every form of labels is recognised by what it holds, and read by each command alike."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.training.data.folders.odd_folders import image
from training.data.sources.dataset_folder import dataset_folder
from training.data.sources.forms.registry import read_source
from training.data.sources.imports import import_images
from training.data.split import list_parts
from training.errors import DatasetError

LABELS = {"사진 1.png": "고양이", "사진 2.png": "고양이", "b.jpg": "개", "c.jpg": "개"}


def lines(*rows: object) -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def ground_truth(name: str, label: str) -> object:
    return {
        "source-ref": f"s3://bucket/하위/{name}",
        "pets": 0,
        "pets-metadata": {
            "class-name": label,
            "confidence": 1.0,
            "human-annotated": "yes",
            "type": "groundtruth/image-classification",
        },
    }


def multilabel(name: str, label: str) -> object:
    meta = {"class-map": {"0": label}, "type": "groundtruth/image-classification-multilabel"}
    return {"source-ref": f"s3://bucket/{name}", "pets": [0], "pets-metadata": meta}


def task(name: str, label: str) -> object:
    result = [{"type": "choices", "value": {"choices": [label]}, "from_name": "choice"}]
    return {
        "id": 1,
        "data": {"image": f"/data/upload/3/0a1b2c3d-{name}"},
        "annotations": [{"was_cancelled": True, "result": []}, {"result": result}],
    }


def custom_vision(name: str, label: str) -> object:
    return {
        "id": name.partition(".")[0],
        "originalImageUri": f"https://x.blob.core.windows.net/i-1/o-{name}?sv=1&sig=2",
        "tags": [{"tagId": "1", "tagName": label}],
        "regions": [],
    }


def coco() -> str:
    names = sorted({*LABELS.values()})
    return json.dumps(
        {
            "images": [{"id": n, "file_name": name} for n, name in enumerate(LABELS)],
            "annotations": [
                {"id": n, "image_id": n, "category_id": names.index(label)}
                for n, label in enumerate(LABELS.values())
            ],
            "categories": [{"id": n, "name": name} for n, name in enumerate(names)],
        }
    )


def table(head: str, row: Callable[[str, str], str], encoding: str = "utf-8") -> bytes:
    return "\r\n".join([head, *(row(*item) for item in LABELS.items())]).encode(encoding)


def each(row: Callable[[str, str], object]) -> list[object]:
    return [row(*item) for item in LABELS.items()]


DOCUMENTS: dict[str, tuple[str, bytes]] = {
    "CSV": ("a.csv", table("file_name,label", lambda n, x: f"{n},{x}")),
    "CSV of Excel": ("a.csv", table("file;class", lambda n, x: f"{n};{x}", "utf-8-sig")),
    "CSV of Korean Excel": ("a.csv", table("file,label", lambda n, x: f"{n},{x}", "cp949")),
    "CSV in UTF-16": ("a.csv", table("file\tlabel", lambda n, x: f"{n}\t{x}", "utf-16")),
    "JSON Lines": ("a.jsonl", lines(*each(lambda n, x: {"path": n, "label": x})).encode()),
    "JSON list": ("a.json", json.dumps(each(lambda n, x: {"image": n, "label": x})).encode()),
    "Ground Truth": ("output.manifest", lines(*each(ground_truth)).encode()),
    "Ground Truth, several": ("output.manifest", lines(*each(multilabel)).encode()),
    "Rekognition": ("train.jsonl", lines(*each(ground_truth)).encode()),
    "Custom Vision": ("images.json", json.dumps(each(custom_vision)).encode()),
    "Label Studio JSON": ("project-1.json", json.dumps(each(task)).encode()),
    "Label Studio JSON-MIN": (
        "min.json",
        json.dumps(
            each(
                lambda n, x: {
                    "image": f"/data/upload/3/0a1b2c3d-{n}",
                    "id": 1,
                    "choice": x,
                    "annotator": 1,
                }
            )
        ).encode(),
    ),
    "Label Studio JSON-MIN, other name": (
        "min.json",
        json.dumps(
            each(
                lambda n, x: {
                    "image": f"/data/local-files/?d=sets/{n}",
                    "id": 1,
                    "kind": {"choices": [x]},
                    "lead_time": 2.5,
                }
            )
        ).encode(),
    ),
    "Label Studio CSV": (
        "ls.csv",
        table(
            "annotation_id,annotator,choice,image,lead_time",
            lambda n, x: f"1,1,{x},s3://bucket/sets/{n},2.5",
        ),
    ),
    "Roboflow": (
        "_classes.csv",
        table("filename, 개, 고양이", lambda n, x: f"{n}, {int(x == '개')}, {int(x == '고양이')}"),
    ),
    "COCO": ("_annotations.coco.json", coco().encode()),
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "export"
    for name in LABELS:
        (folder / "사진들").mkdir(parents=True, exist_ok=True)
        (folder / "사진들" / name).write_bytes(image())
    return folder


def beside(folder: Path, name: str, content: bytes) -> Path:
    """The document, with its images right beside it."""
    for file in (folder / "사진들").iterdir():
        file.rename(folder / file.name)
    (folder / "사진들").rmdir()
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("form", DOCUMENTS)
def test_each_form_gives_images_and_labels(export: Path, tmp_path: Path, form: str) -> None:
    document = beside(export, *DOCUMENTS[form])
    found = read_source(document, tmp_path / "unused")
    assert {image.file.name: image.label for image in found.images} == LABELS
    assert found.notes == ()
    # As --data of train and inspect: the document, or the folder that it lies in.
    for given in (document, export):
        listing = list_parts(dataset_folder(str(given), tmp_path / "cache"))["train"]
        assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {
            "개": 2,
            "고양이": 2,
        }
    assert import_images(document, tmp_path / "out").images == 4


@pytest.mark.parametrize("form", ["Ground Truth", "Custom Vision", "Label Studio JSON", "COCO"])
def test_images_of_a_service_may_lie_deeper(export: Path, tmp_path: Path, form: str) -> None:
    name, content = DOCUMENTS[form]
    (export / name).write_bytes(content)
    found = read_source(export / name, tmp_path / "unused")
    assert {image.file.name: image.label for image in found.images} == LABELS


@pytest.mark.parametrize("name", ["_classes.csv", "_annotations.coco.json"])
def test_roboflow_has_a_document_in_each_part(tmp_path: Path, name: str) -> None:
    content = next(content for file, content in DOCUMENTS.values() if file == name)
    for part in ("train", "valid", "test"):
        (tmp_path / "set" / part).mkdir(parents=True)
        for file in LABELS:
            (tmp_path / "set" / part / file).write_bytes(image())
        (tmp_path / "set" / part / name).write_bytes(content)
    parts = list_parts(dataset_folder(str(tmp_path / "set"), tmp_path / "cache"))
    assert {part: len(listing) for part, listing in parts.items()} == {
        "train": 4,
        "validation": 4,
        "test": 4,
    }


def test_images_with_several_labels_are_left_out_and_named(export: Path, tmp_path: Path) -> None:
    rows = [
        {"id": name.partition(".")[0], "imageUri": "x", "tags": [{"tagName": label}, *more]}
        for (name, label), more in zip(
            LABELS.items(), ([{"tagName": "개"}], [], [], []), strict=True
        )
    ]
    document = beside(export, "images.json", json.dumps(rows).encode())
    found = read_source(document, tmp_path / "unused")
    assert len(found.images) == 3
    (note,) = found.notes
    assert note.startswith("1 images have several labels and were left out: ")
    assert "사진 1 (고양이, 개)" in note


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (
            "a.manifest",
            lines(ground_truth("gone.jpg", "a"), ground_truth("off.jpg", "b")),
            "1 more",
        ),
        (
            "a.manifest",
            lines(
                {
                    "source-ref": "s3://b/b.jpg",
                    "boxes-metadata": {"type": "groundtruth/object-detection"},
                }
            ),
            "groundtruth/object-detection",
        ),
        ("a.json", json.dumps({"some": "thing"}), "none of the forms"),
        ("a.json", json.dumps({"images": [{}], "annotations": [], "categories": []}), "is not"),
        ("a.json", "[1, 2]", "none of the forms"),
        ("a.json", "[" * 100_000, "cannot be read as a table"),
        ("a.csv", b"file,label\n\xff\xff\xff,a", "cannot be read as a table in UTF-8"),
        ("a.csv", "file,label\nb\0.jpg,a", "line 2: 'b.x00.jpg' cannot be the name of a file"),
        ("a.csv", f"file,label\n{'x' * 256}.jpg,a", "line 2: 'x* cannot be the name of a file"),
        (
            "a.json",
            json.dumps([{"data": {"image": "http://[bad"}, "annotations": []}]),
            "bad' ca",
        ),
    ],
)
def test_what_cannot_be_read_says_why(
    export: Path, tmp_path: Path, name: str, content: str | bytes, why: str
) -> None:
    document = beside(export, name, content.encode() if isinstance(content, str) else content)
    with pytest.raises(DatasetError, match=why):
        read_source(document, tmp_path / "unused")


def test_the_names_of_two_files_that_are_meant_are_said(export: Path, tmp_path: Path) -> None:
    (export / "other").mkdir()
    (export / "other" / "b.jpg").write_bytes(image())
    (export / "a.manifest").write_text(lines(ground_truth("b.jpg", "a")))
    with pytest.raises(DatasetError, match=r"may be any of .*b.jpg, .*b.jpg; keep the folders"):
        read_source(export / "a.manifest", tmp_path / "unused")
