"""Folders as people really have them, each built by a function into an empty folder.

What it should be read as stands beside it: the classes with their numbers of images, or the words
of the refusal; and what is left out.
"""

import os
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.images import encode, textured

_numbers = count()

Build = Callable[[Path], None]


@dataclass(frozen=True)
class Odd:
    """``counts``: the images of each class, by part where there are parts. ``refused``: a part of
    the sentence with which training refuses it. ``left_out``: how many files of each kind."""

    build: Build
    counts: Mapping[str, int] = field(default_factory=lambda: {"cat": 2, "dog": 2})
    refused: str | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    parts: tuple[str, ...] = ("train",)


def image(form: str = "PNG") -> bytes:
    """Another image at each call."""
    return encode(textured((20, 20), next(_numbers)), form)


def put(file: Path, data: bytes | None = None) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(image() if data is None else data)


def wide(text: str) -> str:
    """``text`` in the full-width letters of East Asian keyboards."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def pets(folder: Path, cat: str = "cat", dog: str = "dog") -> None:
    for label in (cat, dog):
        for number in range(2):
            put(folder / label / f"{number}.png")


def _junk(*names: str) -> Build:
    def build(folder: Path) -> None:
        pets(folder)
        for name in names:
            put(folder / name)

    return build


def _parts(train: str, validation: str, test: str, inner: str = "", outer: str = "") -> Build:
    def build(folder: Path) -> None:
        for part in (train, validation, test):
            pets(folder / outer / part / inner)

    return build


def _renamed(cat: str, dog: str) -> Build:
    return lambda folder: pets(folder, cat, dog)


def _named(name: str, form: str = "PNG") -> Build:
    def build(folder: Path) -> None:
        pets(folder)
        put(folder / "cat" / name, image(form))

    return build


def _not_images(folder: Path) -> None:
    pets(folder)
    put(folder / "cat" / "notes.txt", "메모".encode())
    put(folder / "cat" / "README", b"BMW and other cars")
    put(folder / "dog" / "label.json", b"{}")
    put(folder / "dog" / "empty", b"")


def _links(folder: Path) -> None:
    pets(folder)
    elsewhere = folder.with_name("elsewhere")
    put(elsewhere / "deep" / "a.png")
    put(elsewhere / "b.png")
    (folder / "cat" / "more").symlink_to(elsewhere / "deep")
    (folder / "dog" / "b.png").symlink_to(elsewhere / "b.png")
    (folder / "dog" / "gone.png").symlink_to(elsewhere / "gone.png")
    (folder / "dog" / "around").symlink_to(folder)
    (folder / "cat" / "itself").symlink_to(folder / "cat")


def _crossed_links(folder: Path) -> None:
    pets(folder)
    (folder / "cat" / "d").symlink_to(folder / "dog")
    (folder / "dog" / "c").symlink_to(folder / "cat")


def _linked_classes(folder: Path) -> None:
    pets(folder.with_name("elsewhere"))
    folder.mkdir()
    for label in ("cat", "dog"):
        (folder / label).symlink_to(folder.with_name("elsewhere") / label)


def _latin_names(folder: Path) -> None:
    pets(folder)
    put(folder / "cat" / os.fsdecode("고양이.png".encode("cp949")))


def _latin_class(folder: Path) -> None:
    pets(folder, "cat", os.fsdecode(b"k\xe4fer"))


def _composed_twice(folder: Path) -> None:
    pets(folder, "고양이", "개")
    pets(folder, unicodedata.normalize("NFD", "고양이"), unicodedata.normalize("NFD", "개"))


def _loose(folder: Path) -> None:
    pets(folder)
    put(folder / "loose.png")


def _empty_class(folder: Path) -> None:
    pets(folder)
    (folder / "owl").mkdir()


def _beside_documents(folder: Path) -> None:
    pets(folder / "photos")
    put(folder / "documents" / "report.pdf", b"%PDF-1.7")


def _sessions_of_one_class(folder: Path) -> None:
    pets(folder / "cat", "2024-05-01", "2024-05-02")


def _three_parts_of_two(folder: Path) -> None:
    for part in ("train", "val", "valid"):
        pets(folder / part)


def _class_called_like_a_part(folder: Path) -> None:
    pets(folder, "training", "testing")


def _beside(name: str, build: Build) -> Build:
    def beside(folder: Path) -> None:
        build(folder)
        put(folder / name)

    return beside


def _in(*parts: str) -> Build:
    def build(folder: Path) -> None:
        for part in parts:
            pets(folder / part)

    return build


def _linked_to_each_other(folder: Path) -> None:
    names = ("cat", "dog", "fox")
    pets(folder)
    put(folder / "fox" / "0.png")
    for name in names:
        for other in names:
            if other != name:
                (folder / name / f"to-{other}").symlink_to(folder / other)
    (folder / "owl").mkdir()


ALL_PARTS = ("train", "validation", "test")
PARTED = {f"{part}/{label}": 2 for part in ALL_PARTS for label in ("cat", "dog")}

JUNK = {
    "hidden": (".thumbs/1.png", "cat/.cache/2.png", "dog/._1.png", ".DS_Store", "cat/.nomedia"),
    "notebooks": (".ipynb_checkpoints/1.png", "cat/.ipynb_checkpoints/1-checkpoint.png"),
    "mac": ("__MACOSX/cat/._1.png", "__MACOSX/dog/1.png", "cat/__macosx/1.png", "Icon\r"),
    "windows": ("Thumbs.db", "cat/thumbs.db", "dog/Desktop.ini", "$RECYCLE.BIN/S-1/1.png"),
    "windows drive": ("System Volume Information/1.png", "cat/ehthumbs.db"),
    "linux": ("lost+found/1.png",),
    "synology": ("@eaDir/1.png/SYNOPHOTO_THUMB_M.png", "cat/@eaDir/1.png", "#recycle/cat/1.png"),
    "synology taken apart": ("cat/SYNOPHOTO_THUMB_XL.jpg", "dog/SYNOFILE_THUMB_M.png"),
    "qnap": ("@Recycle/1.png", "cat/.@__thumb/1.png", "@Recently-Snapshot/cat/1.png"),
    "programs": ("cat/Picasa.ini", "cat/ZbThumbnail.info", "__pycache__/a.pyc"),
}

NAMED_PARTS = {
    "usual": ("train", "val", "test"),
    "AI Hub": ("Training", "Validation", "Test"),
    "Kaggle": ("Training", "valid", "Testing"),
    "upper case": ("TRAIN", "VAL", "TEST"),
    "short": ("trn", "vld", "tst"),
    "plural": ("trains", "vals", "tests"),
    "with set": ("train_set", "validation-set", "test set"),
    "with images": ("train_images", "val_images", "test_images"),
    "Korean": ("훈련", "검증", "시험"),
    "other Korean": ("학습용", "검증용", "평가용"),
    "Korean data": ("학습 데이터", "검증데이터셋", "테스트_데이터"),
    "apart": tuple(unicodedata.normalize("NFD", name) for name in ("학습", "검증", "테스트")),
    "speech": ("train", "dev", "eval"),
    "hold-out": ("train", "dev", "hold-out"),
    "TensorFlow": ("train", "eval", "test"),
    "Japanese": ("訓練", "検証", "テスト"),
    "full width": tuple(map(wide, ("Train", "Val", "Test"))),
}

LOOK_ALIKES = {
    "case": ("Cat", "cat", "upper and lower case"),
    "trailing blank": ("cat", "cat ", "blanks"),
    "leading blank": (" cat", "cat", "blanks"),
    "double blank": ("red cat", "red  cat", "blanks"),
    "full width": (f"{wide('A')}형", "A형", "the width or form of letters"),
    "zero width": ("고양이", "고양\u200b이", "cannot be seen"),
    "ideographic blank": ("cat", "cat\u3000", "blanks"),
}

CONTENT = {
    ".jfif": ("a.jfif", "JPEG"),
    ".jpe": ("a.JPE", "JPEG"),
    "no extension": ("IMG_0001", "JPEG"),
    "another image's": ("a.png", "JPEG"),
    "a document's": ("사진.txt", "PNG"),
    "a browser's": ("photo.jpg.download", "JPEG"),
    "WebP without one": ("00ff", "WEBP"),
    "BMP without one": ("bitmap", "BMP"),
}

ODD_FOLDERS: dict[str, Odd] = {
    **{f"junk: {name}": Odd(_junk(*names), left_out={"junk": 1}) for name, names in JUNK.items()},
    **{
        f"parts: {name}": Odd(_parts(*names), PARTED, parts=ALL_PARTS)
        for name, names in NAMED_PARTS.items()
    },
    **{
        f"alike: {name}": Odd(_renamed(first, second), refused=why)
        for name, (first, second, why) in LOOK_ALIKES.items()
    },
    **{
        f"content: {name}": Odd(_named(*how), {"cat": 3, "dog": 2}) for name, how in CONTENT.items()
    },
    "parts: images between": Odd(
        _parts("train", "val", "test", inner="images"), PARTED, parts=ALL_PARTS
    ),
    "parts: deep": Odd(_parts("Train", "Val", "Test", outer="a/b"), PARTED, parts=ALL_PARTS),
    "parts: two for one": Odd(_three_parts_of_two, refused="are for validation"),
    "parts: classes of that name": Odd(_class_called_like_a_part, {"testing": 2, "training": 2}),
    "parts: beside samples": Odd(
        _beside("samples/0.png", _in("Training", "Testing")), refused="beside Training only folders"
    ),
    "parts: none for training, beside samples": Odd(
        _beside("samples/0.png", _in("Validation", "Testing")),
        refused="no folder train beside Testing, Validation",
    ),
    "parts: beside an image": Odd(
        _beside("0.png", _parts("Training", "Validation", "Testing")),
        PARTED,
        left_out={"outside": 1},
        parts=ALL_PARTS,
    ),
    "deep: numbered classes": Odd(
        lambda folder: pets(folder / "mnist", "0", "007"), {"0": 2, "007": 2}
    ),
    "deep: years": Odd(
        lambda folder: pets(folder / "cat", "2023", "2024"), refused="found 1 class"
    ),
    "deep: one folder": Odd(lambda folder: pets(folder / "dataset")),
    "deep: several": Odd(lambda folder: pets(folder / "데이터" / "v2" / "flowers")),
    "deep: beside documents": Odd(_beside_documents, refused="seem to lie in"),
    "deep: sessions": Odd(_sessions_of_one_class, refused="found 1 class"),
    "names: composed twice": Odd(_composed_twice, {"개": 4, "고양이": 4}),
    "names: apart": Odd(
        _renamed(*(unicodedata.normalize("NFD", x) for x in ("고양이", "개"))),
        {"개": 2, "고양이": 2},
    ),
    "names: file not UTF-8": Odd(_latin_names, refused="not text in UTF-8"),
    "names: class not UTF-8": Odd(_latin_class, refused="not text in UTF-8"),
    "links": Odd(_links, {"cat": 3, "dog": 3}, left_out={"broken": 1, "loops": 2}),
    "links: crossed": Odd(_crossed_links, {"cat": 4, "dog": 4}, left_out={"loops": 2}),
    "links: to each other": Odd(_linked_to_each_other, refused="no images in class owl"),
    "links: classes": Odd(_linked_classes),
    "others": Odd(_not_images, left_out={"other": 4}),
    "loose": Odd(_loose, left_out={"outside": 1}),
    "empty class": Odd(_empty_class, refused="no images in class owl"),
}
