"""Labels with parents."""

import pytest

from visionflow.errors import ConfigError
from visionflow.models.label_tree import MAX_DEPTH, MAX_LABELS, Label, LabelTree

TREE = LabelTree(
    (Label("beagle", "dog"), Label("pug", "dog"), Label("cat", "animal"), Label("car", None)),
    (Label("dog", "animal"), Label("animal", None)),
)


def _chain(length: int) -> tuple[Label, ...]:
    """Parents p0, p1, ..., each below the next."""
    above = [*(f"p{i}" for i in range(1, length)), None]
    return tuple(Label(f"p{i}", parent) for i, parent in enumerate(above))


def test_paths_go_from_the_top_down() -> None:
    assert TREE.ancestors("pug") == ("animal", "dog")
    assert TREE.ancestors("car") == ()
    assert TREE.depth("dog") == 1
    assert TREE.leaves("animal") == (0, 1, 2)
    assert [TREE.at_level("pug", level) for level in range(4)] == ["animal", "dog", "pug", "pug"]


def test_a_parent_covers_what_is_below_it() -> None:
    assert TREE.covers("animal", "pug")
    assert TREE.covers("dog", "dog")
    assert not TREE.covers("pug", "dog")
    assert not TREE.covers("animal", "bicycle")


def test_a_name_is_found_in_any_spelling() -> None:
    assert TREE.spelling("PUG") == "pug"
    assert TREE.spelling("Animal") == "animal"
    assert TREE.spelling("pugs") is None


@pytest.mark.parametrize(
    ("labels", "parents", "fault"),
    [
        ((), (), "1 to 10,000 entries"),
        ((Label("a", None), Label("a", None)), (), "distinct"),
        ((Label("cat", None), Label("Cat", None)), (), "found 'cat' and 'Cat'"),
        (tuple(Label(f"a{i}", None) for i in range(MAX_LABELS + 1)), (), "found 10,001"),
        ((Label("a", "p0"),), _chain(MAX_DEPTH + 1), f"more than {MAX_DEPTH} above"),
        ((Label("a", "b"), Label("b", None)), (Label("b", None),), "distinct"),
        ((Label("rose", None), Label("Rose", None)), (), "found 'rose' and 'Rose'"),
        ((Label("é", None), Label("e\u0301", None)), (), "by more than case or composition"),
        ((Label("a", "A"),), (Label("A", None),), "found 'a' and 'A'"),
        ((Label("a", "b"),), (), "lacks b"),
        ((Label("a", "b"), Label("c", "a")), (Label("b", None),), "lacks a"),
        ((Label("a", "b"),), (Label("b", "c"), Label("c", "b")), "above itself"),
        ((Label("a", "b"),), (Label("b", "b"),), "above itself"),
        ((Label("a", None),), (Label("b", None),), "no label is below b"),
    ],
)
def test_what_is_not_a_tree_is_refused(
    labels: tuple[Label, ...], parents: tuple[Label, ...], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        LabelTree(labels, parents)
