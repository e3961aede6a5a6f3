"""What a training machine gets of a version of a dataset, and what is sealed of it."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import pytest

from visionflow.datasets.record import Part, VersionImage
from visionflow.errors import JobRefusedError
from visionflow.jobs.frozen import groups_table, placed, seal_version
from visionflow.jobs.sealed import LEAST_IMAGES, SealedSet, StoredFile

LABELS = ("cat", "dog", "owl")


def images(
    label: str, count: int = 100, each: int = 1, part: Part | None = None, source: str = "upload"
) -> list[VersionImage]:
    """``count`` images of ``label`` in groups of ``each``."""
    return [
        VersionImage(
            sha256=hashlib.sha256(f"{label} {part} {n}".encode()).hexdigest(),
            label=label,
            part=part,
            group=hashlib.sha256(f"{label} {part} {n - n % each}".encode()).hexdigest(),
            source=source,
            added_by="ann",
            added_at="2030-01-01T00:00:00Z",
        )
        for n in range(count)
    ]


def every(count: int = 100, each: int = 1, part: Part | None = None) -> list[VersionImage]:
    return [image for label in LABELS for image in images(label, count, each, part)]


def sealed(found: Sequence[VersionImage], erased: Collection[str] = ()) -> SealedSet:
    files = {
        image.sha256: StoredFile(image.sha256, 100, f"etag {image.sha256}")
        for image in found
        if image.sha256 not in erased
    }
    return seal_version(found, files, 0.2)


def names(found: Sequence[VersionImage]) -> set[str]:
    return {image.sha256 for image in found}


def test_the_test_part_is_sealed_and_nothing_else() -> None:
    test, rest = every(30, part="test"), [*every(50), *every(20, part="validation")]
    chosen = sealed([*test, *rest])
    assert names(test) == set(chosen.withheld) == {image.name for image in chosen.images}
    assert Counter(image.label for image in chosen.images) == dict.fromkeys(LABELS, 30)
    assert chosen.labels == LABELS
    assert chosen.least_validation == 20


def test_a_small_test_part_is_withheld_all_the_same() -> None:
    test = every(2, part="test")
    chosen = sealed([*test, *every(100)])
    assert (chosen.images, set(chosen.withheld)) == ((), names(test))


def test_what_looks_like_a_test_image_is_withheld_too_but_not_what_somebody_put_elsewhere() -> None:
    first, second, third, *rest = every(50, each=3)
    found = [replace(first, part="test"), second, replace(third, part="train"), *rest]
    assert set(sealed(found).withheld) == {first.sha256, second.sha256}


def test_an_image_goes_where_somebody_put_its_look_alike() -> None:
    first, second, *rest = every(50, each=2)
    found = placed([replace(first, part="validation"), second, *rest])
    assert [each.part for each in found[:3]] == ["validation", "validation", "train"]
    assert found[1].path == f"validation/cat/{second.sha256}.jpg"


def test_without_a_test_part_a_tenth_is_drawn_by_whole_groups() -> None:
    found = every(200, each=2)
    chosen = sealed(found)
    groups = {image.sha256: image.group for image in found}
    assert Counter(image.label for image in chosen.images) == dict.fromkeys(LABELS, 20 // 2)
    withheld = Counter(groups[name] for name in chosen.withheld)
    assert set(withheld.values()) == {2}
    assert len(withheld) == len(chosen.images) == len({groups[x.name] for x in chosen.images})
    assert chosen == sealed(found[::-1])


def test_a_group_is_not_drawn_with_two_labels_or_with_an_image_that_somebody_placed() -> None:
    doubtful = [
        replace(image, label="dog" if n % 2 else "cat")
        for n, image in enumerate(images("cat", 60, each=2))
    ]
    kept = [replace(x, part="train") if n % 2 else x for n, x in enumerate(images("owl", 60, 2))]
    chosen = sealed([*doubtful, *kept, *images("eel", 400), *images("fox", 400)])
    assert {image.label for image in chosen.images} == {"eel", "fox"}
    assert not names([*doubtful, *kept]) & set(chosen.withheld)


def test_of_few_images_none_is_sealed() -> None:
    chosen = sealed(every(60))
    assert LEAST_IMAGES > 3 * 60 // 10
    assert (chosen.images, chosen.withheld) == ((), ())


def test_a_large_group_is_never_drawn() -> None:
    found = [*images("cat", 300), *images("dog", 300), *images("owl", 300, each=150)]
    assert {image.label for image in sealed(found).images} == {"cat", "dog"}


def test_shots_of_one_scene_each_are_single_images() -> None:
    found = every(100, each=100)
    assert len({each.group for each in placed(found)}) == 300
    assert len(sealed(found).images) == 30


def test_erased_images_are_passed_over_and_counted() -> None:
    found = every(100)
    erased = names(found[:7])
    chosen = sealed(found, erased)
    assert chosen.missing == 7
    assert not erased & {*chosen.withheld, *(image.name for image in chosen.images)}


def test_a_class_that_was_erased_or_set_aside_is_an_error() -> None:
    found = every(100)
    with pytest.raises(JobRefusedError, match="All 100 images of the class 'owl' were erased"):
        sealed(found, names(images("owl")))
    aside = [*images("cat"), *images("dog"), *images("owl", part="validation")]
    with pytest.raises(JobRefusedError, match="of the class 'owl' are set aside"):
        sealed(aside)
    alike = images("owl", 9, each=9)
    alike[0] = replace(alike[0], part="test")
    with pytest.raises(JobRefusedError, match="or look like one that is"):
        sealed([*images("cat"), *images("dog"), *alike])


def test_copies_of_predictions_are_known() -> None:
    assert not sealed(every(50)).copied
    assert sealed([*every(50), *images("cat", 1, part="train", source="prediction:1")]).copied


def test_the_table_of_groups_names_each_file() -> None:
    first, second = placed([replace(image, label='a, "b"') for image in images("cat", 2, each=2)])
    assert groups_table([first, second]).splitlines() == [
        "file,group",
        f'"train/a, ""b""/{first.image.sha256}.jpg",{first.group}',
        f'"train/a, ""b""/{second.image.sha256}.jpg",{second.group}',
    ]
    assert first.group == first.image.sha256
