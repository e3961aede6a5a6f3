from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.images import bad_files, encode, plain, textured
from tests.unit.training.inspection.messy_set import draw_messy_set
from training.errors import DatasetError
from training.inspection.contents import Contents, Duplicates, read_contents


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return read_contents(draw_messy_set(tmp_path_factory.mktemp("messy")))[0]


def put(root: Path, name: str, data: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)


def draw(root: Path, counts: dict[str, int]) -> Path:
    for label, count in counts.items():
        for i in range(count):
            put(root, f"{label}/{i}.png", encode(textured(seed=hash_of(label) + i), "PNG"))
    return root


def hash_of(label: str) -> int:
    return sum(map(ord, label)) * 100


def flags(found: Iterable[Duplicates]) -> list[tuple[tuple[str, ...], bool, bool]]:
    return [(group.files, group.label_conflict, group.leakage) for group in found]


def test_counts_per_class_and_part(messy: Contents) -> None:
    # Of 14 dogs in train, the odd ones and the nearly same one are readable too.
    dog = next(entry for entry in messy.classes if entry.label == "dog")
    assert dog.parts == {"train": 14 + 1 + 8, "validation": 1, "test": 2}
    assert dog.images == 26
    assert dog.unreadable == len(bad_files())
    assert messy.parts == {"train": 69, "validation": 4, "test": 4}
    assert messy.images == 77


def test_a_class_folder_without_images_counts_none(messy: Contents) -> None:
    empty = next(entry for entry in messy.classes if entry.label == "empty")
    assert (empty.images, empty.parts, empty.examples) == (0, {"train": 0}, ())


def test_every_broken_file_is_told_with_its_code(messy: Contents) -> None:
    found = {Path(bad.file).stem: bad.code for bad in messy.unreadable}
    assert found == {Path(name).stem: code for name, (_, code) in bad_files().items()}


def test_exact_duplicates_leakage_first_then_label_conflicts(messy: Contents) -> None:
    assert flags(messy.exact_duplicates) == [
        (("train/dog/00.jpg", "test/dog/leak.jpg"), False, True),
        (("train/cat/wrong.jpg", "train/dog/01.jpg"), True, False),
        (("train/cat/01.jpg", "train/cat/again.jpg"), False, False),
    ]


def test_near_duplicates_the_same(messy: Contents) -> None:
    assert flags(messy.near_duplicates) == [
        (("train/cat/05.jpg", "val/cat/nearly.jpg"), False, True),
        (("train/cat/06.jpg", "train/dog/nearly.jpg"), True, False),
        (("train/cat/07.jpg", "train/cat/nearly.jpg"), False, False),
    ]
    assert all(0 < pair.difference < 0.25 for pair in messy.near_duplicates)


def test_balance_as_ratio_and_as_effective_number(tmp_path: Path) -> None:
    even = read_contents(draw(tmp_path / "even", {"a": 5, "b": 5, "c": 5}))[0]
    assert even.imbalance == 1
    assert even.effective_classes == pytest.approx(3)
    skewed = read_contents(draw(tmp_path / "skewed", {"a": 12, "b": 2, "c": 2}))[0]
    assert skewed.imbalance == 6
    # exp(-(3/4 ln 3/4 + 2 * 1/8 ln 1/8))
    assert skewed.effective_classes == pytest.approx(2.0868, abs=1e-4)


def test_sizes(tmp_path: Path) -> None:
    for i, size in enumerate([(40, 30), (100, 50), (1000, 3000)]):
        put(tmp_path, f"a/{i}.png", encode(plain(size=size), "PNG"))
    sizes = read_contents(tmp_path)[0].sizes
    assert sizes is not None
    assert (sizes.width.smallest, sizes.width.median, sizes.width.largest) == (40, 100, 1000)
    assert (sizes.height.smallest, sizes.height.median, sizes.height.largest) == (30, 50, 3000)
    counted = [(bar.low, bar.high, bar.images) for bar in sizes.short_side if bar.images]
    assert counted == [(24, 32, 1), (48, 64, 1), (768, 1024, 1)]
    assert sizes.short_side[0].low == 24
    assert sizes.short_side[-1].high == 1024


def test_images_of_one_colour_are_no_near_duplicates(tmp_path: Path) -> None:
    for i, colour in enumerate(["red", "green", "blue", "white"]):
        put(tmp_path, f"a/{i}.png", encode(plain(colour), "PNG"))
    contents = read_contents(tmp_path)[0]
    assert contents.near_duplicates == ()
    assert len(contents.oddities["one_colour"]) == 4


def test_examples_are_the_same_every_time(tmp_path: Path) -> None:
    folder = draw(tmp_path, {"a": 30, "b": 3})
    first, second = read_contents(folder)[0], read_contents(folder)[0]
    assert first == second
    assert [len(entry.examples) for entry in first.classes] == [12, 3]


def test_a_folder_of_broken_files_only_is_still_inspected(tmp_path: Path) -> None:
    put(tmp_path, "a/1.jpg", b"broken")
    contents = read_contents(tmp_path)[0]
    assert (contents.images, contents.sizes, contents.imbalance) == (0, None, 1.0)
    assert len(contents.unreadable) == 1


def test_nothing_to_inspect_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing to inspect"):
        read_contents(tmp_path)
