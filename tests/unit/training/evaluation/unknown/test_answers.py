from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.tiny_model import SIDE
from tests.unit.training.evaluation.colours import colour_set, familiar_classifier
from training.errors import DatasetError
from training.evaluation.unknown.answers import (
    ShortAnswer,
    answer_shares,
    in_batches_of,
    measure_strangers,
)
from visionflow.errors import ArtifactError
from visionflow.insights.intervals import share


def test_answers_are_counted_by_reason_with_their_intervals() -> None:
    found = answer_shares(
        [ShortAnswer(0.9, None, 0.8)] * 6
        + [ShortAnswer(0.4, "unsure", 0.7)] * 3
        + [ShortAnswer(0.7, "unfamiliar", 0.1)]
    )
    assert (found.images, found.answered, found.unsure, found.unfamiliar) == (10, 0.6, 0.3, 0.1)
    assert found.answered_interval.low == share(6, 10).low
    assert found.unfamiliar_interval.high == share(1, 10).high
    assert found.confidence == pytest.approx(0.73)


def test_a_folder_of_any_layout_is_measured(tmp_path: Path) -> None:
    familiar_classifier(tmp_path / "artifact", colour_set(60))
    data = tmp_path / "data"
    (data / "deep" / "er").mkdir(parents=True)
    for place, colour in (("", (200, 10, 10)), ("deep", (250, 250, 250)), ("deep/er", (9, 9, 9))):
        Image.new("RGB", (2 * SIDE, SIDE), colour).save(data / place / "image.png")
    (data / "deep" / "notes.txt").write_text("no image")
    found = measure_strangers(tmp_path / "artifact", data)
    assert found.images == 3
    assert found.answered + found.unsure + found.unfamiliar == pytest.approx(1)
    # One pure colour is too far from the noisy ones; grey has no colour that is likely.
    assert found.answered == 0


def test_a_folder_without_images_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    familiar_classifier(tmp_path / "artifact", colour_set(60))
    with pytest.raises(DatasetError, match="no such folder"):
        measure_strangers(tmp_path / "artifact", tmp_path / "data")
    (tmp_path / "data").mkdir()
    with pytest.raises(DatasetError, match="no images in it"):
        measure_strangers(tmp_path / "artifact", tmp_path / "data")
    (tmp_path / "data" / "bad.png").write_bytes(b"not an image")
    with pytest.raises(DatasetError, match=r"bad\.png"):
        measure_strangers(tmp_path / "artifact", tmp_path / "data")


def test_an_altered_store_is_not_measured_with(tmp_path: Path) -> None:
    familiar_classifier(tmp_path / "artifact", colour_set(60))
    (tmp_path / "artifact" / "familiar.npz").write_bytes(b"other")
    with pytest.raises(ArtifactError, match="checksum"):
        measure_strangers(tmp_path / "artifact", tmp_path)


def test_single_images_become_batches_in_order() -> None:
    images = [np.full((224, 224, 3), i, np.uint8) for i in range(16)]
    batches = list(in_batches_of(images, 224))
    assert [len(batch) for batch in batches] == [7, 7, 2]
    assert np.concatenate(batches)[:, 0, 0, 0].tolist() == list(range(16))
