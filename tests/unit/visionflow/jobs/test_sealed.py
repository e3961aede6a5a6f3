"""Which images of a dataset no training machine gets."""

import hashlib
from collections import Counter

import pytest

from visionflow.jobs.layout import Layout
from visionflow.jobs.sealed import MOST_IMAGES, SealedSet, StoredFile, seal

LABELS = ("cat", "dog", "owl")
NESTED = ("pet/cat/1.jpg", "pet/dog/2.jpg", "bird/owl/3.jpg")


def files(*names: str, content: str = "") -> list[StoredFile]:
    """Each with a content of its own, unless one is given."""
    return [
        StoredFile(name, 100, hashlib.md5((content or name).encode()).hexdigest())  # noqa: S324
        for name in names
    ]


def dataset(per_class: int, folder: str = "") -> list[StoredFile]:
    return files(*(f"{folder}{x}/{i}.jpg" for x in LABELS for i in range(per_class)))


def sealed(found: list[StoredFile], parents: str = "auto", group_by: str = "auto") -> SealedSet:
    layout = Layout.of([file.name for file in found], parents=parents, group_by=group_by)
    return seal(found, layout, 0.2)


def test_a_tenth_of_each_class_is_sealed() -> None:
    chosen = sealed(dataset(100))
    assert Counter(image.label for image in chosen.images) == dict.fromkeys(LABELS, 10)
    assert chosen.labels == LABELS
    assert set(chosen.withheld) == {image.name for image in chosen.images}


def test_of_a_large_dataset_a_bounded_number_is_sealed_of_each_class_alike() -> None:
    counts = Counter(image.label for image in sealed(dataset(5_000)).images)
    assert counts == dict.fromkeys(LABELS, MOST_IMAGES // 3)


def test_of_many_classes_no_more_are_sealed_in_all() -> None:
    many = files(*(f"{x:04}/{i}.jpg" for x in range(700) for i in range(10)))
    assert len(sealed(many).images) == MOST_IMAGES


def test_of_few_images_none_is_sealed() -> None:
    chosen = sealed(dataset(60))  # eighteen would be
    assert (chosen.images, chosen.withheld, chosen.labels) == ((), (), LABELS)


def test_the_same_images_are_sealed_whatever_they_are_called() -> None:
    one = sealed(dataset(100))
    renamed = [StoredFile(f"more/{x.name}", x.size, x.etag) for x in dataset(100)]
    assert sealed(dataset(100)[::-1]) == one
    assert sealed(renamed, parents="none").sha256 == one.sha256
    again = sealed([StoredFile(f"train/{x.name}", x.size, x.etag) for x in dataset(100)])
    assert again.sha256 == one.sha256


def test_copies_lie_on_one_side() -> None:
    found = dataset(100)
    copies = [StoredFile(x.name.replace("/", "/copy-"), x.size, x.etag) for x in found]
    chosen = sealed(found + copies)
    etags = {image.etag for image in chosen.images}
    given = [x for x in found + copies if x.name not in chosen.withheld]
    assert len(chosen.withheld) == 2 * len(chosen.images)
    assert etags.isdisjoint(x.etag for x in given)


def test_an_image_of_two_classes_or_of_the_test_part_is_not_sealed() -> None:
    found = dataset(100, "train/")
    before = sealed(found).images
    owl = StoredFile("train/owl/again.jpg", 100, next(x for x in before if x.label == "cat").etag)
    shown = StoredFile("test/dog/1.jpg", 100, next(x for x in before if x.label == "dog").etag)
    chosen = sealed([*found, owl, shown])
    assert {owl.etag, shown.etag}.isdisjoint(image.etag for image in chosen.images)
    assert not any(name.startswith("test/") for name in chosen.withheld)


@pytest.mark.parametrize(
    ("names", "parents", "group_by", "labels"),
    [
        (("train/cat/1.jpg", "test/cat/2.jpg", "val/cat/3.jpg"), "auto", "auto", {"cat"}),
        (("train/1.jpg", "test/2.jpg"), "auto", "auto", {"train", "test"}),
        (("Train/cat/1.jpg", "Train/dog/1.jpg"), "auto", "auto", {"cat", "dog"}),
        (
            ("pet/cat/1.jpg", "pet/dog/2.jpg", "bird/owl/3.jpg"),
            "auto",
            "auto",
            {"cat", "dog", "owl"},
        ),
        (("pet/cat/1.jpg", "pet/dog/2.jpg", "bird/owl/3.jpg"), "none", "auto", {"pet", "bird"}),
        (("pet/cat/1.jpg", "pet/dog/2.jpg", "bird/owl/3.jpg"), "auto", "folder", {"pet", "bird"}),
        (("cat/1/1.jpg", "cat/2/2.jpg", "dog/3/3.jpg"), "auto", "auto", {"cat", "dog"}),
        (("cat/1.jpg", "cat/.hidden.jpg", ".cache/x/1.jpg", "a.csv"), "auto", "auto", {"cat"}),
    ],
)
def test_classes_are_those_that_training_finds(
    names: tuple[str, ...], parents: str, group_by: str, labels: set[str]
) -> None:
    layout = Layout.of(names, parents=parents, group_by=group_by)
    assert {layout.label_of(name) for name in names} - {None} == labels


def test_the_smallest_class_says_how_much_one_image_is() -> None:
    flat = [*dataset(100), *files(*(f"emu/{i}.jpg" for i in range(40)))]
    assert sealed(flat).least_validation == 4  # half of a fifth of 40
    divided = [*dataset(100, "train/"), *dataset(7, "validation/")]
    assert sealed(divided).least_validation == 7
