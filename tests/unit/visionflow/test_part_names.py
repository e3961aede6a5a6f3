import pytest

from tests.unit.training.data.folders.odd_folders import NAMED_PARTS
from visionflow.part_names import part_of, parts_of

PARTS = ("train", "validation", "test")


@pytest.mark.parametrize("names", NAMED_PARTS.values(), ids=NAMED_PARTS)
def test_parts_are_known_as_people_name_them(names: tuple[str, ...]) -> None:
    assert parts_of(names) == dict(zip(names, PARTS, strict=True))
    if names[2] != "eval":
        assert tuple(map(part_of, names)) == PARTS
        assert tuple(map(part_of, map(str.swapcase, names))) == PARTS


@pytest.mark.parametrize(
    "name",
    ["cat", "dataset", "images", "data", "settings", "trainer", "testimony", "값", "학교", ""],
)
def test_other_words_are_no_parts(name: str) -> None:
    assert part_of(name) is None


def test_evaluation_is_the_test_only_where_another_part_validates() -> None:
    assert parts_of(["train", "eval"])["eval"] == "validation"
    assert parts_of(["train", "eval", "test"])["eval"] == "validation"
    assert parts_of(["train", "val", "eval", "test"])["eval"] == "validation"
    assert parts_of(["train", "val", "eval"])["eval"] == "test"
