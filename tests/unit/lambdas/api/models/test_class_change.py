"""What another version does to the labels of answers."""

from typing import cast

import pytest

from lambdas.api.models.preview import Renamed, class_change
from lambdas.api.trees import Trees
from visionflow.models.label_tree import Label, LabelTree
from visionflow.models.ref import ModelRef

OLD, NEW = ModelRef("pets", "1"), ModelRef("pets", "2")


class Known:
    """The labels of both versions; of no other."""

    def __init__(self, old: str, new: str) -> None:
        self.labels = {OLD: old.split(), NEW: new.split()}

    def find(self, model: ModelRef) -> LabelTree | None:
        if model not in self.labels:
            return None
        return LabelTree(tuple(Label(name, None) for name in self.labels[model]), ())


@pytest.mark.parametrize(
    ("old", "new", "lost", "gained", "renamed", "reordered"),
    [
        ("cat dog", "cat dog", "", "", {}, False),
        ("cat dog owl", "ant cat dog", "owl", "ant", {}, False),
        ("cat dog", "dog cat", "", "", {}, True),
        ("black_cat dog", "Black-Cat dog", "", "", {"black_cat": "Black-Cat"}, False),
        ("cat dog owl", "Dog cat owl", "", "", {"dog": "Dog"}, True),
        ("cat dog", "Cat elk", "dog", "elk", {"cat": "Cat"}, False),
    ],
)
def test_each_way_in_which_labels_change_is_told(
    old: str, new: str, lost: str, gained: str, renamed: dict[str, str], reordered: bool
) -> None:
    found = class_change(NEW, OLD, 100, cast(Trees, Known(old, new)))
    assert found is not None
    assert (found.lost, found.gained) == (tuple(lost.split()), tuple(gained.split()))
    assert found.renamed == tuple(Renamed(*pair) for pair in renamed.items())
    assert found.reordered is reordered
    assert found.kept == len({*old.split()} & {*new.split()})


def test_without_a_manifest_nothing_is_told() -> None:
    gone = ModelRef("pets", "3")
    assert class_change(NEW, gone, 100, cast(Trees, Known("cat", "cat"))) is None
