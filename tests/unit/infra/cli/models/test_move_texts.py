"""What a move changes, in words."""

import pytest

from infra.cli.models.move_texts import sentences
from lambdas.api.models.preview import ClassChange, MovePreview, Renamed, ServingAliases
from visionflow.models.moves import Effect
from visionflow.models.ref import ModelRef

ONE, TWO = ModelRef("pets", "1"), ModelRef("pets", "2")
EFFECT = Effect("production", TWO, instead_of=ONE)


def lines(**classes: object) -> list[str]:
    whole = {"gained": (), "lost": (), "kept": 1} | classes
    change = ClassChange(TWO, ONE, 100, **whole)  # type: ignore[arg-type]
    aliases = ServingAliases(TWO, None, None)
    return sentences(
        MovePreview(revision=1, aliases=aliases, effects=(EFFECT,), classes=(change,))
    )[1:]


def test_the_classes_of_a_canary_that_ends_are_named_too() -> None:
    three = ModelRef("pets", "3")
    effects = (EFFECT, Effect("canary_ends", three, percent=10))
    ended = ClassChange(TWO, three, 10, gained=(), lost=("axolotl",), kept=1)
    stays = ClassChange(TWO, ONE, 100, gained=(), lost=(), kept=2)
    aliases = ServingAliases(TWO, None, None)
    assert sentences(MovePreview(1, aliases, effects, (stays, ended))) == [
        "pets/2 answers in production instead of pets/1.",
        "Its 2 classes are the same.",
        "The canary pets/3 ends.",
        "Warning: 1 class is lost for 10 % of the images: axolotl.",
    ]


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ({"lost": ("cat",)}, "Warning: 1 class is lost: cat."),
        ({"lost": ("cat", "dog")}, "Warning: 2 classes are lost: cat, dog."),
        ({"gained": ("cat",)}, "Warning: 1 class is gained: cat."),
        ({"renamed": (Renamed("cat", "Cat"),)}, "Warning: 1 class is renamed: cat is Cat."),
        (
            {"reordered": True},
            "Warning: the classes have another order, and so other numbers.",
        ),
        ({}, "Its 1 class is the same."),
        ({"kept": 2}, "Its 2 classes are the same."),
    ],
)
def test_one_class_is_singular(classes: dict[str, object], said: str) -> None:
    assert lines(**classes) == [said]
