from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.tiny_model import LABELS, SIDE
from tests.unit.training.evaluation.colours import tiny_classifier
from tests.unit.training.evaluation.test_measure import write_images
from training.data.image_set import decoded_batches
from training.data.listing import Int64Array, Listing, list_images
from training.evaluation.unknown import familiar
from training.evaluation.unknown.familiar import drawn_evenly, familiar_images
from visionflow.answers.classifier import Classifier
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array

SPEC = InputSpec(SIDE, SIDE)


def test_every_class_gives_as_many_images_as_it_can() -> None:
    targets = np.repeat([0, 1, 2, 4], [500, 3, 40, 100])
    drawn = drawn_evenly(targets, 100, seed=1)
    assert len(set(drawn.tolist())) == 100 and (np.diff(drawn) > 0).all()
    counts = np.bincount(targets[drawn], minlength=5)
    assert counts[[1, 3]].tolist() == [3, 0]
    assert sorted(counts[[0, 2, 4]].tolist()) == [32, 32, 33]
    assert drawn_evenly(targets, 1000, seed=1).tolist() == list(range(643))
    assert np.array_equal(drawn, drawn_evenly(targets, 100, seed=1))
    assert not np.array_equal(drawn, drawn_evenly(targets, 100, seed=2))


def reader_of(listing: Listing) -> Callable[[Int64Array], Iterator[UInt8Array]]:
    return lambda places: decoded_batches(listing.subset(places), SPEC)


def test_images_like_those_that_were_taught_are_familiar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(familiar, "MOST_IMAGES", 5)
    classifier = tiny_classifier(tmp_path / "artifact")
    listing = list_images(write_images(tmp_path / "data", *LABELS), LABELS)
    found = familiar_images(classifier, listing, reader_of(listing), seed=1)
    assert found is not None
    assert found.directions.shape == (5, 3)
    colours = np.array([[1, 0, 0], [1, -1, -1]], np.float32)
    like, unlike = found.familiarity(colours, np.zeros(2, np.int64))
    assert like > unlike


def test_embeddings_that_are_not_numbers_are_not_stored(tmp_path: Path) -> None:
    listing = list_images(write_images(tmp_path / "data", *LABELS), LABELS)

    class Broken:
        manifest = tiny_classifier(tmp_path / "artifact").manifest

        def run(self, batch: UInt8Array) -> tuple[None, np.ndarray, None]:
            return None, np.full((len(batch), 3), np.nan, np.float32), None

    assert familiar_images(cast(Classifier, Broken()), listing, reader_of(listing), 1) is None
