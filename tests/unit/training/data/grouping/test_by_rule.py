import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.images import encode, textured
from tests.unit.training.data.grouping.test_captures import photo
from training.data.grouping.group_images import group_images
from training.data.listing import Listing
from training.data.split import list_parts
from training.errors import DatasetError


def write(folder: Path, files: Mapping[str, bytes]) -> dict[str, Listing]:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return list_parts(folder)


def images(*names: str) -> dict[str, bytes]:
    return {name: encode(textured(seed=seed), "PNG") for seed, name in enumerate(names)}


def grouped(folder: Path, by: str, files: Mapping[str, bytes]) -> list[set[str]]:
    """The groups of more than one image."""
    parts = write(folder, files)
    names = [
        part.path(i).relative_to(folder).as_posix()
        for part in parts.values()
        for i in range(len(part))
    ]
    found: dict[int, set[str]] = {}
    for name, number in zip(names, group_images(parts, by, folder).tolist(), strict=True):
        found.setdefault(number, set()).add(name)
    return [group for group in found.values() if len(group) > 1]


def test_the_same_bytes_are_one_group_by_any_rule(tmp_path: Path) -> None:
    files = images("a/1.png", "a/2.png", "b/3.png") | {"b/4.png": encode(textured(), "PNG")}
    assert grouped(tmp_path, "content", files) == [{"a/1.png", "b/4.png"}]
    assert grouped(tmp_path, "prefix:2", {}) == [{"a/1.png", "b/4.png"}]


def test_folders_below_the_class_span_classes_and_parts(tmp_path: Path) -> None:
    files = images(
        *("train/a/p1/1.png", "train/a/p1/left/2.png", "train/b/p1/3.png", "train/b/4.png"),
        *("test/a/p1/5.png", "test/a/p2/6.png", "test/b/7.png"),
    )
    assert grouped(tmp_path, "folder", files) == [
        {"train/a/p1/1.png", "train/a/p1/left/2.png", "train/b/p1/3.png", "test/a/p1/5.png"}
    ]


@pytest.mark.parametrize(
    ("expression", "groups"),
    [
        (r"scene(\d+)", [{"a/scene1_a.png", "a/scene1_b.png", "b/scene1.png"}]),
        (r"[a-z]+\d_", [{"a/scene1_a.png", "a/scene1_b.png"}]),
        (r"scene\d_(b)|scene1", [{"a/scene1_b.png", "b/scene2_b.png"}]),
        (r"x*(?=scene1)|other", []),
    ],
)
def test_names_are_grouped_by_their_beginning(
    tmp_path: Path, expression: str, groups: list[set[str]]
) -> None:
    names = ("a/scene1_a.png", "a/scene1_b.png", "b/scene1.png", "b/scene2_b.png", "b/other.png")
    assert grouped(tmp_path, f"prefix:{expression}", images(*names)) == groups


def test_photos_of_one_camera_and_minute_belong_together(tmp_path: Path) -> None:
    files = {
        "a/1.jpg": photo("2030:05:01 10:00:01", seed=1),
        "a/2.jpg": photo("2030:05:01 10:00:59", seed=2),
        "b/3.jpg": photo("2030:05:01 10:00:30", seed=3),
        "b/4.jpg": photo("2030:05:01 10:01:00", seed=4),
        "b/5.jpg": photo("2030:05:01 10:00:30", "Other", seed=5),
        "b/6.jpg": photo("2030:05:01 10:00:30", serial="N1", seed=6),
        "b/7.jpg": encode(textured(seed=7)),
        "b/8.jpg": encode(textured(seed=8)),
    }
    assert grouped(tmp_path, "exif-minute", files) == [{"a/1.jpg", "a/2.jpg", "b/3.jpg"}]


@pytest.mark.parametrize("beside", [True, False])
def test_a_table_names_groups(
    tmp_path: Path, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "set"
    folder.mkdir()
    table = "\ufefffile,note,group\na/1.png,,x\nb/3.png,,x\na/2.png,,\n"
    (folder / "t.csv" if beside else tmp_path / "t.csv").write_text(table, encoding="utf-8")
    files = images("a/1.png", "a/2.png", "b/3.png", "b/4.png")
    assert grouped(folder, "csv:t.csv", files) == [{"a/1.png", "b/3.png"}]


def test_a_table_may_compose_letters_and_end_in_empty_rows(tmp_path: Path) -> None:
    names = [unicodedata.normalize("NFD", name) for name in ("a/꽃1.png", "b/꽃2.png")]
    table = unicodedata.normalize("NFC", f"file,group\n{names[0]},x\n{names[1]},x\n,\n\n")
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    assert grouped(tmp_path, "csv:t.csv", images(*names)) == [set(names)]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "file,group\na/1.png,x\na/9.png,x\na/8.png,x\n",
            "names a/8.png and 1 more, which",
        ),
        ("name,group\na/1.png,x\n", r"no column file;.*must name the columns file and group"),
        ("", r"no column file and group"),
        ("file,group\na/1.png,x\na/1.png,y\n", r"line 3: a/1.png has two groups"),
        ("file,group\n", r"the table names no image"),
        (None, r"there is no such file"),
        ("file,group\na/1.png,\xff\n", r"cannot be read as CSV in UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    tmp_path: Path, table: str | None, said: str
) -> None:
    if table is not None:
        (tmp_path / "t.csv").write_bytes(table.encode("latin-1"))
    with pytest.raises(DatasetError, match=said):
        grouped(tmp_path, "csv:t.csv", images("a/1.png", "b/2.png"))


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("folder", "no image lies in a folder below its class folder"),
        ("prefix:scene", "no file name begins with a match"),
        ("exif-minute", "no image has EXIF data with camera and time"),
    ],
)
def test_a_rule_that_finds_nothing_is_refused(tmp_path: Path, by: str, said: str) -> None:
    with pytest.raises(DatasetError, match=f"group_by = {by}: {said}"):
        grouped(tmp_path, by, images("a/1.png", "b/2.png"))
