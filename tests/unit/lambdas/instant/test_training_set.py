"""How a version of a dataset is divided for a training."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lambdas.instant.handler import config_of
from lambdas.instant.training_set import divided
from training.errors import DatasetError
from visionflow.datasets.record import PARTS, Part, VersionImage, one_series
from visionflow.errors import RunRefusedError


def images(
    label: str, groups: int, count: int = 20, part: Part | None = None
) -> list[VersionImage]:
    """``count`` images of ``label`` in ``groups`` groups of look-alikes."""
    return [
        VersionImage(
            sha256=hashlib.sha256(f"{label} {part} {n}".encode()).hexdigest(),
            label=label,
            part=part,
            group=f"{label} {part} {n % groups}",
            source="upload",
            added_by="somebody",
            added_at="2026-01-01T00:00:00Z",
        )
        for n in range(count)
    ]


def test_bursts_of_one_scene_each_are_divided_all_the_same() -> None:
    bursts = [image for label in "abcde" for image in images(label, groups=1)]
    assert one_series(bursts) == tuple("abcde")
    splits = divided(bursts, config_of("m", "1"), Path("images"), {}).splits
    for part in splits.parts.values():
        assert part.counts.min() > 0, part


def test_bursts_that_are_trained_again_keep_their_parts() -> None:
    bursts = [image for label in "abcde" for image in images(label, groups=1)]
    config = config_of("m", "1")
    first = divided(bursts, config, Path("images"), {}).splits
    held: dict[str, Part] = {sha256: part for part in PARTS for sha256 in first.parts[part].hashes}
    more = [*bursts, *images("f", groups=1)]
    again = divided(more, config, Path("images"), held).splits
    for part in PARTS:
        assert set(first.parts[part].hashes) <= set(again.parts[part].hashes)


def test_bursts_stay_divided_where_their_classes_have_nothing_else() -> None:
    bursts = [image for label in "abcde" for image in images(label, groups=1)]
    config = config_of("m", "1")
    first = divided(bursts, config, Path("images"), {}).splits
    held: dict[str, Part] = {sha256: part for part in PARTS for sha256 in first.parts[part].hashes}
    scenes = [
        replace(image, sha256=image.sha256[::-1], group=f"more {image.group}")
        for label in "ab"
        for image in images(label, groups=4)
    ]
    assert one_series([*bursts, *scenes]) == ()
    again = divided([*bursts, *scenes], config, Path("images"), held).splits
    assert set(first.test.hashes) <= set(again.test.hashes)
    assert again.train.counts.min() > 0
    for part in PARTS:
        listing = first.parts[part]
        lone = listing.subset(np.flatnonzero(listing.targets > 1))
        assert set(lone.hashes) <= set(again.parts[part].hashes)


def test_a_class_of_former_test_images_alone_is_refused() -> None:
    old = [*images("a", groups=9), *images("b", groups=9)]
    config = config_of("m", "1")
    first = divided(old, config, Path("images"), {}).splits
    held: dict[str, Part] = {sha256: part for part in PARTS for sha256 in first.parts[part].hashes}
    tested = {image.sha256 for image in old if held[image.sha256] == "test"}
    renamed = [
        replace(image, label="c") if image.sha256 in tested and image.label == "a" else image
        for image in old
    ]
    with pytest.raises(RunRefusedError, match="'c' have measured earlier models"):
        divided(renamed, config, Path("images"), held)


def test_look_alikes_stay_together_where_two_classes_can_be_measured_so() -> None:
    mixed = [*images("a", groups=8), *images("b", groups=8), *images("c", groups=1)]
    assert one_series(mixed) == ()
    splits = divided(mixed, config_of("m", "1"), Path("images"), {}).splits
    numbers = splits.group_numbers
    assert not np.intersect1d(numbers["train"], numbers["test"]).size
    assert splits.test.counts[2] == 0


def test_a_class_with_scenes_keeps_them_together_beside_bursts() -> None:
    mixed = [*images("a", groups=8), *images("b", groups=1), *images("c", groups=2)]
    assert one_series(mixed) == ("b", "c")
    numbers = divided(mixed, config_of("m", "1"), Path("images"), {}).splits.group_numbers
    assert not np.intersect1d(numbers["train"], numbers["test"]).size


def test_parts_that_people_chose_need_no_groups_in_training() -> None:
    given = [
        image
        for part in (None, "validation", "test")
        for label in "ab"
        for image in images(label, groups=1, part=part)
    ]
    assert one_series(given) == ()


def test_too_few_images_to_divide_are_refused() -> None:
    few = [*images("a", groups=1, count=1), *images("b", groups=1, count=1)]
    with pytest.raises(DatasetError, match="at least 2 classes"):
        divided(few, config_of("m", "1"), Path("images"), {})
