"""What a move changes, in words."""

import pytest

from infra.cli.models.move_texts import sentences
from lambdas.api.models.preview import ClassChange, MovePreview, ServingAliases
from visionflow.models.ref import ModelRef

ONE, TWO = ModelRef("pets", "1"), ModelRef("pets", "2")


def lines(**classes: object) -> list[str]:
    whole = {"gained": (), "lost": (), "kept": 1} | classes
    change = ClassChange(TWO, ONE, 100, **whole)  # type: ignore[arg-type]
    aliases = ServingAliases(TWO, None, None)
    return sentences(MovePreview(revision=1, aliases=aliases, effects=(), classes=change))


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({"lost": ("cat",)}, "1 class is lost: cat."),
        ({"lost": ("cat", "dog")}, "2 classes are lost: cat, dog."),
        ({"gained": ("cat",)}, "1 class is gained: cat."),
        ({}, "Its 1 class is the same."),
        ({"kept": 2}, "Its 2 classes are the same."),
    ],
)
def test_one_class_is_singular(classes: dict[str, object], said: str) -> None:
    assert lines(**classes) == [said]
