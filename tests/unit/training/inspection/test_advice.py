from dataclasses import replace

import pytest

from tests.images import bad_files
from tests.unit.training.inspection.messy_set import SCRIPT, draw_messy_set
from training.data.folders.classes import PROBLEM_KINDS
from training.inspection.advice import Finding, find
from training.inspection.contents import ClassContents, Contents, read_contents
from training.results.groups import GroupSize, GroupSummary, Leak
from training.texts.catalogue import texts

FINE = Contents(
    folder="set",
    images=80,
    parts={"all": 80},
    classes=(
        ClassContents("cat", 40, 0, 0, {"all": 40}, ()),
        ClassContents("dog", 40, 0, 0, {"all": 40}, ()),
    ),
    imbalance=1.0,
    effective_classes=2.0,
    unreadable=(),
    oddities={},
    sizes=None,
    exact_duplicates=(),
    near_duplicates=(),
    outside_classes=(),
    other_files=(),
    broken_links=(),
    link_loops=(),
    junk={},
    complaint=None,
    problems=(),
)


def with_class(contents: Contents, label: str, images: int, greyscale: int = 0) -> Contents:
    added = ClassContents(label, images, greyscale, 0, {"all": images}, ())
    return replace(contents, classes=(*contents.classes, added))


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    folder = draw_messy_set(tmp_path_factory.mktemp("messy"))
    return {finding.code: finding for finding in find(read_contents(folder)[0], None)}


def codes(contents: Contents) -> list[str]:
    return [finding.code for finding in find(contents, None)]


def test_a_sound_set_has_no_findings() -> None:
    assert find(FINE, None) == ()


@pytest.mark.parametrize(
    ("code", "severity", "examples"),
    [
        ("empty_classes", "problem", ("train/empty",)),
        ("unknown_classes", "problem", ("wolf",)),
        ("exact_duplicates_across_parts", "problem", ("train/dog/00.jpg = test/dog/leak.jpg",)),
        ("exact_duplicates_across_classes", "problem", ("train/cat/wrong.jpg = train/dog/01.jpg",)),
        ("near_duplicates_across_parts", "problem", ("train/cat/05.jpg = val/cat/nearly.jpg",)),
        ("near_duplicates_across_classes", "warning", ("train/cat/06.jpg = train/dog/nearly.jpg",)),
        ("exact_duplicates", "note", ("train/cat/01.jpg = train/cat/again.jpg",)),
        ("near_duplicates", "note", ("train/cat/07.jpg = train/cat/nearly.jpg",)),
        ("few_images", "warning", (f"{SCRIPT} (6)", "single (1)")),
        ("imbalance", "warning", ("cat (42)", "single (1)")),
        ("missing_in_validation", "warning", (SCRIPT, "single")),
        ("missing_in_test", "warning", (SCRIPT, "single")),
        ("outside_classes", "warning", ("val/loose.jpg",)),
        ("other_files", "warning", ("train/dog/phone.jxl",)),
        ("one_colour", "warning", ("train/dog/odd/one_colour.png",)),
        ("rotated", "note", ("train/dog/odd/rotated.jpg",)),
    ],
)
def test_what_is_wrong_is_found(
    messy: dict[str, Finding], code: str, severity: str, examples: tuple[str, ...]
) -> None:
    found = messy[code]
    assert found.severity == severity
    assert found.examples == examples
    assert found.count == len(examples)


def test_unreadable_files_stop_nothing_and_are_counted(messy: dict[str, Finding]) -> None:
    assert messy["unreadable"].count == len(bad_files())
    assert "train/dog/bad/truncated.jpg (image_truncated)" in messy["unreadable"].examples


def test_the_most_severe_come_first(messy: dict[str, Finding]) -> None:
    order = [finding.severity for finding in messy.values()]
    assert order == sorted(order, key=("problem", "warning", "note").index)


def test_imbalance_above_five_to_one_suggests_the_settings_for_it() -> None:
    assert codes(replace(FINE, imbalance=5.0)) == []
    found = find(replace(FINE, imbalance=5.1), None)[0]
    for text in (found.english, found.korean):
        assert "5.1" in text
        assert 'data.balance = "effective"' in text
        assert '"sampler"' in text


def test_a_class_too_small_to_be_divided_is_a_problem_and_a_small_one_a_warning() -> None:
    found = find(with_class(with_class(FINE, "tiny", 2), "few", 3), None)
    assert [(x.code, x.examples) for x in found] == [
        ("too_few_images", ("tiny (2)",)),
        ("few_images", ("few (3)",)),
    ]
    assert "fewer than 3" in found[0].english


def test_a_class_without_colour_among_coloured_ones_is_warned_of() -> None:
    assert codes(with_class(FINE, "drawn", 30, greyscale=30)) == ["greyscale_classes"]
    all_grey = tuple(replace(entry, greyscale=40) for entry in FINE.classes)
    assert codes(replace(FINE, classes=all_grey)) == []


def test_one_class_and_an_unclear_division_are_problems() -> None:
    contents = replace(FINE, classes=FINE.classes[:1], complaint="there is no folder train")
    found = find(contents, None)
    assert [x.code for x in found] == ["unclear_parts", "one_class"]
    assert found[0].examples == ("there is no folder train",)


def test_groups_that_make_figures_wrong_are_problems() -> None:
    leak = Leak("test", images=30, leaking=12, examples=("test/cat/1.png", "test/cat/2.png"))
    sizes = (GroupSize(1, 1, 80, 80),)
    groups = GroupSummary("auto", 80, 80, 1, sizes, 0, 24, ("dog",), (leak,))
    found = find(FINE, groups)
    assert [(x.severity, x.code, x.count, x.examples) for x in found] == [
        ("problem", "group_leaks", 12, leak.examples),
        ("problem", "single_group_classes", 1, ("dog",)),
    ]
    assert find(FINE, replace(groups, leaks=(), single_group_labels=())) == ()


def test_many_examples_are_cut_off_but_counted() -> None:
    found = find(replace(FINE, other_files=tuple(f"cat/{i}.jxl" for i in range(30))), None)[0]
    assert (found.count, len(found.examples)) == (30, 10)


def test_every_text_can_occur(messy: dict[str, Finding]) -> None:
    elsewhere = {"unclear_parts", "one_class", "too_few_images", "greyscale_classes"}
    elsewhere |= {"group_leaks", "single_group_classes", *PROBLEM_KINDS}
    elsewhere |= {"broken_links", "link_loops", "junk"}  # of the odd folders
    advice = {key.removeprefix("advice.") for key in texts() if key.startswith("advice.")}
    assert advice == set(messy) | elsewhere
