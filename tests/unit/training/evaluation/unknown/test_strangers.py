import sys
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.datasets import load_digits

from training.evaluation.unknown import strangers
from training.evaluation.unknown.strangers import drawn, handwritten, stranger_sets
from visionflow.images.input_spec import InputSpec

SPEC = InputSpec(24, 28)
NAMES = ("text", "shapes", "textures", "digits")


@pytest.mark.parametrize("name", NAMES)
def test_a_set_is_seeded_varied_and_as_the_model_sees_it(name: str) -> None:
    images = list(drawn(name, SPEC, 6, seed=3))
    assert all(image.shape == (24, 24, 3) and image.dtype == np.uint8 for image in images)
    again = list(drawn(name, SPEC, 3, seed=3))
    assert all(np.array_equal(one, other) for one, other in zip(images, again, strict=False))
    assert not np.array_equal(images[0], next(drawn(name, SPEC, 1, seed=4)))
    # No two are alike, and none is blank.
    assert len({image.tobytes() for image in images}) == 6
    assert all(image.std() > 2 for image in images)


@pytest.mark.parametrize("spec", [SPEC, InputSpec(224, 256)])
def test_only_words_that_nobody_sees_are_left_out(
    spec: InputSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, left_out = strangers._fitting, []

    def noted(words: Sequence[str], size: int, width: float) -> int:
        left_out.append(len(words[cut(words, size, width) :]))
        return len(words)

    shown = list(drawn("text", spec, 12, seed=3))
    monkeypatch.setattr(strangers, "_fitting", noted)
    whole = list(drawn("text", spec, 12, seed=3))
    assert all(np.array_equal(one, other) for one, other in zip(shown, whole, strict=True))
    assert sum(left_out) > len(left_out)


def test_what_the_model_was_taught_is_no_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tuple(stranger_sets(("cat", "dog"))) == NAMES
    assert tuple(stranger_sets(("Circle", "dog"))) == ("text", "textures", "digits")
    assert tuple(stranger_sets(tuple("0123456789"))) == ("text", "shapes", "textures")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert tuple(stranger_sets(("cat", "dog")))[:3] == NAMES[:3]


def test_the_digits_are_those_of_scikit_learn() -> None:
    assert np.array_equal(handwritten(), load_digits().images / 16)
