"""Datasets in the table and their versions in the bucket, on moto: what races may not break."""

import gzip
import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from visionflow.datasets.changes import MAX_MOVES, ClassAction, ClassChange, ImageChange
from visionflow.datasets.health import Health, health_of
from visionflow.datasets.images.curation import ImageContent, Mark
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage, DatasetVersion
from visionflow.datasets.store import DatasetStore
from visionflow.datasets.versions import DatasetDiff, VersionStore
from visionflow.errors import (
    ArtifactError,
    DatasetConflictError,
    DatasetImageMissingError,
    DatasetMissingError,
    DatasetTooLargeError,
    DatasetVersionMissingError,
    InvalidCursorError,
    InvalidParameterError,
)

NAME = "pets"
WHEN = "2026-01-01T00:00:00.000000Z"
NOW = datetime(2026, 2, 1, tzinfo=UTC)
CONTENT = ImageContent(embedding=bytes(8), thumbnail=b"jpeg", trunk="trunk 1 abc")


@pytest.fixture
def store(aws: None) -> DatasetStore:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="datasets",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in ("pk", "sk")],
    )
    store = DatasetStore("datasets", client, sleep=lambda _: None)
    store.create(dataset())
    return store


@pytest.fixture
def versions(store: DatasetStore) -> VersionStore:
    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return VersionStore("bucket", s3, store)


def dataset(name: str = NAME) -> Dataset:
    classes = (DatasetClass(name="cat"), DatasetClass(name="dog", ko="개"))
    return Dataset(name=name, created_at=WHEN, created_by="ada", classes=classes)


def sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def image(number: int, label: str | None = "cat") -> DatasetImage:
    return DatasetImage(
        sha256=sha(number),
        state="pending",
        added_at=WHEN,
        added_by="ada",
        source="upload",
        bytes=0,
        label=label,
        labelled_by=None if label is None else "ada",
    )


def add(store: DatasetStore, *numbers: int, label: str | None = "cat") -> None:
    """Announced, arrived and curated."""
    images = [image(number, label) for number in numbers]
    store.images.announce(NAME, images)
    for found in images:
        ready = replace(found, state="ready", width=4, height=3, group=found.sha256)
        assert store.curation.curated(NAME, ready, CONTENT)


def labels(store: DatasetStore) -> list[str | None]:
    found = {image.sha256: image.label for image in store.images.all(NAME)}
    return [found[sha(number)] for number in range(len(found))]


def classes(found: Dataset) -> list[str]:
    return [known.name for known in found.classes]


def change(action: ClassAction, name: str, to: str | None = None) -> ClassChange:
    return ClassChange(action=action, name=name, to=to)


def test_a_dataset_is_created_once_and_listed(store: DatasetStore) -> None:
    store.create(dataset("birds"))
    assert [found.name for found in store.datasets()] == ["birds", NAME]
    assert store.dataset(NAME).classes[1].ko == "개"
    with pytest.raises(DatasetConflictError, match="pets already"):
        store.create(dataset())
    with pytest.raises(DatasetMissingError):
        store.dataset("nobody")


@pytest.mark.parametrize("name", ["", "Pets", "1st", "a_b", "a/b", "a" * 65])
def test_a_name_that_no_key_could_hold_is_refused(store: DatasetStore, name: str) -> None:
    with pytest.raises(InvalidParameterError):
        store.create(dataset(name))


def test_announcing_overwrites_nothing_and_says_what_is_there(store: DatasetStore) -> None:
    add(store, 0)
    assert store.images.announce(NAME, [image(0, "dog"), image(1), image(1, "dog")]) == (sha(0),)
    assert labels(store) == ["cat", "cat"]
    # One that has not arrived may be sent again.
    assert store.images.announce(NAME, [image(1, "dog")]) == ()
    assert labels(store) == ["cat", "cat"]


def test_a_label_has_to_be_a_class(store: DatasetStore) -> None:
    with pytest.raises(InvalidParameterError, match="'cow' is not a class"):
        store.images.announce(NAME, [image(0, "cow")])
    add(store, 0)
    with pytest.raises(InvalidParameterError, match="'cow' is not a class"):
        store.images.change(NAME, [ImageChange(sha256=sha(0), label="cow")], "eve")
    assert labels(store) == ["cat"]


def test_changes_touch_what_is_there_and_nothing_else(store: DatasetStore) -> None:
    add(store, 0, 1)
    changes = [
        ImageChange(sha256=sha(0), label="dog", part="test"),
        ImageChange(sha256=sha(1), label=None, removed=True),
        ImageChange(sha256=sha(2), label="dog"),
        ImageChange(sha256=sha(0)),
    ]
    assert store.images.change(NAME, changes, "eve") == 3
    first, second = (store.images.image(NAME, sha(number)) for number in (0, 1))
    assert (first.label, first.labelled_by, first.part) == ("dog", "eve", "test")
    assert (second.label, second.labelled_by, second.removed) == (None, None, True)
    assert (first.width, first.bytes, first.added_by) == (4, 0, "ada")
    with pytest.raises(DatasetImageMissingError):
        store.images.image(NAME, sha(2))
    back = ImageChange(sha256=sha(1), removed=False, part=None)
    assert store.images.change(NAME, [back], "eve") == 1
    assert not store.images.image(NAME, sha(1)).removed


def test_a_new_label_ends_a_suspicion_and_no_part_does(store: DatasetStore) -> None:
    add(store, 0)
    mark = Mark(sha256=sha(0), group=sha(7), suspected="dog", outlier=True)
    store.curation.mark(NAME, [mark])
    store.images.change(NAME, [ImageChange(sha256=sha(0), part="test")], "eve")
    found = store.images.image(NAME, sha(0))
    assert (found.group, found.suspected, found.outlier) == (sha(7), "dog", True)
    store.images.change(NAME, [ImageChange(sha256=sha(0), label="cat")], "eve")
    assert store.images.image(NAME, sha(0)).suspected is None


def test_an_image_is_curated_once(store: DatasetStore) -> None:
    store.images.announce(NAME, [image(0)])
    ready = replace(image(0), state="ready", width=4, height=3)
    failed = replace(image(0), state="unreadable", error=("image_empty", "No bytes."))
    assert store.curation.curated(NAME, failed, None)
    assert not store.curation.curated(NAME, ready, CONTENT)
    found = store.images.image(NAME, sha(0))
    assert (found.state, found.error) == ("unreadable", ("image_empty", "No bytes."))


def test_pages_follow_each_other(store: DatasetStore) -> None:
    add(store, *range(5))
    found: list[str] = []
    cursor = None
    while True:
        page = store.images.page(NAME, cursor, 2)
        found += [image.sha256 for image in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(sha(number) for number in range(5))
    with pytest.raises(InvalidCursorError):
        store.images.page(NAME, "AAAA", 2)


def test_contents_are_read_by_hash(store: DatasetStore) -> None:
    add(store, *range(120))
    hashes = [sha(number) for number in range(121)]
    assert dict(store.curation.contents(NAME, hashes)) == dict.fromkeys(hashes[:120], CONTENT)


@pytest.mark.parametrize(
    ("changes", "names", "found"),
    [
        ([change("rename", "cat", "kitten")], ["kitten", "dog"], ["kitten", "dog"]),
        ([change("merge", "cat", "dog")], ["dog"], ["dog", "dog"]),
        ([change("delete", "cat")], ["dog"], [None, "dog"]),
        ([change("add", "cow")], ["cat", "dog", "cow"], ["cat", "dog"]),
        ([change("rename", "cat", "Cat")], ["Cat", "dog"], ["Cat", "dog"]),
        (
            [change("rename", "cat", "x"), change("rename", "dog", "cat")],
            ["x", "cat"],
            ["x", "cat"],
        ),
        ([change("delete", "cat"), change("add", "cat")], ["dog", "cat"], [None, "dog"]),
        ([change("rename", "cat", "x"), change("merge", "x", "dog")], ["dog"], ["dog", "dog"]),
    ],
)
def test_images_follow_their_class(
    store: DatasetStore,
    changes: Sequence[ClassChange],
    names: Sequence[str],
    found: Sequence[str | None],
) -> None:
    add(store, 0)
    add(store, 1, label="dog")
    for one in changes:
        after = store.change_classes(NAME, one)
    assert classes(after) == classes(store.dataset(NAME)) == list(names)
    assert labels(store) == list(found)


def test_a_label_that_is_given_after_a_rename_is_what_it_says(store: DatasetStore) -> None:
    """Moves concern labels from before them, also where a name comes back."""
    add(store, 0)
    store.change_classes(NAME, change("rename", "cat", "kitten"))
    store.change_classes(NAME, change("add", "cat"))
    add(store, 1)
    assert labels(store) == ["kitten", "cat"]


def test_a_label_that_meets_a_rename_is_renamed_too(
    store: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever labels has read the classes before, and writes after."""
    add(store, 0, label=None)
    update = store.client.update_item

    def late(**request: Any) -> Any:
        monkeypatch.undo()
        store.change_classes(NAME, change("rename", "cat", "kitten"))
        return update(**request)

    monkeypatch.setattr(store.client, "update_item", late)
    store.images.change(NAME, [ImageChange(sha256=sha(0), label="cat")], "eve")
    assert labels(store) == ["kitten"]


def test_two_changes_of_classes_at_once_are_both_made(
    store: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    update = store.client.update_item

    def late(**request: Any) -> Any:
        monkeypatch.undo()
        store.change_classes(NAME, change("add", "cow"))
        return update(**request)

    monkeypatch.setattr(store.client, "update_item", late)
    assert classes(store.change_classes(NAME, change("add", "hen"))) == ["cat", "dog", "cow", "hen"]


@pytest.mark.parametrize(
    "wrong",
    [
        change("add", "dog"),
        change("add", "DOG"),
        change("add", "a/b"),
        change("rename", "cat", "dog"),
        change("rename", "cat"),
        change("merge", "cat", "cow"),
        change("merge", "cat", "cat"),
        change("delete", "cow"),
        change("describe", "cow"),
        ClassChange(action="describe", name="cat", ko="가" * 1000),
        ClassChange(action="add", name="cow", en="a\x1b[2Jb"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused(store: DatasetStore, wrong: ClassChange) -> None:
    with pytest.raises(InvalidParameterError):
        store.change_classes(NAME, wrong)
    assert store.dataset(NAME) == dataset()


def test_there_are_only_so_many_moves(store: DatasetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_MOVES == 1000
    monkeypatch.setattr("visionflow.datasets.changes.MAX_MOVES", 1)
    store.change_classes(NAME, change("rename", "cat", "kitten"))
    with pytest.raises(DatasetConflictError):
        store.change_classes(NAME, change("delete", "kitten"))
    described = ClassChange(action="describe", name="kitten", ko="고양이")
    assert store.change_classes(NAME, described).classes[0].ko == "고양이"


def test_there_are_only_so_many_classes(store: DatasetStore) -> None:
    many = tuple(DatasetClass(name=f"c{number}") for number in range(1001))
    with pytest.raises(DatasetConflictError, match="at most 1,000 classes"):
        store.create(replace(dataset("many"), classes=many))


def test_a_dataset_is_deleted_in_as_many_calls_as_it_takes(
    store: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, *range(3))
    monkeypatch.setattr("visionflow.datasets.store._AT_ONCE", 2)
    # A second passes with each look at it.
    store = DatasetStore("datasets", store.client, clock=itertools.count().__next__)
    assert not store.delete(NAME, seconds=0)
    rows = store.client.scan(TableName="datasets")["Items"]
    assert not store.delete(NAME, seconds=3)
    left = store.client.scan(TableName="datasets")["Items"]
    # Two looks before the time is over: at two images, and at the third.
    assert len(left) == len(rows) - 3
    assert store.datasets() == ()
    with pytest.raises(DatasetMissingError):
        store.images.announce(NAME, [image(9)])
    with pytest.raises(DatasetConflictError):
        store.create(dataset())
    assert store.delete(NAME, seconds=9)
    assert store.client.scan(TableName="datasets")["Items"] == []
    with pytest.raises(DatasetMissingError):
        store.delete(NAME)
    store.create(dataset())


def test_the_health_of_the_last_comparison_is_kept(store: DatasetStore) -> None:
    assert store.health(NAME) is None
    add(store, 0)
    health: Health = health_of(store.dataset(NAME).classes, store.images.all(NAME))
    store.examined(NAME, health, None)
    assert store.health(NAME) == health


def test_a_version_holds_what_is_labelled_ready_and_in_the_dataset(
    store: DatasetStore, versions: VersionStore
) -> None:
    add(store, 0, 1)
    add(store, 2, label=None)
    store.images.announce(NAME, [image(3)])
    store.images.change(NAME, [ImageChange(sha256=sha(1), removed=True)], "eve")
    version = versions.freeze(NAME, "ada", NOW, "first")
    assert (version.number, version.images, version.classes) == (1, 1, ("cat",))
    assert [line.sha256 for line in versions.manifest(version)] == [sha(0)]
    assert versions.version(NAME, 1) == version
    with pytest.raises(DatasetVersionMissingError):
        versions.version(NAME, 2)


def test_the_same_content_gives_the_same_version(
    store: DatasetStore, versions: VersionStore
) -> None:
    add(store, 0, 1)
    first = versions.freeze(NAME, "ada", NOW, "first")
    assert versions.freeze(NAME, "eve", NOW, "again") == first
    store.images.change(NAME, [ImageChange(sha256=sha(1), label="dog")], "eve")
    second = versions.freeze(NAME, "eve", NOW, None)
    add(store, 2)
    store.images.change(NAME, [ImageChange(sha256=sha(0), removed=True)], "eve")
    third = versions.freeze(NAME, "eve", NOW, None)
    assert [found.number for found in versions.versions(NAME)] == [1, 2, 3]
    assert versions.diff(first, second).relabelled == ((sha(1), "cat", "dog"),)
    assert versions.diff(second, third) == DatasetDiff(
        added=(sha(2),), removed=(sha(0),), relabelled=()
    )


@pytest.mark.parametrize("other", ["the same", "another"])
def test_two_who_freeze_at_once_do_not_share_a_number(
    store: DatasetStore,
    versions: VersionStore,
    monkeypatch: pytest.MonkeyPatch,
    other: str,
) -> None:
    add(store, 0)

    def freeze_too() -> DatasetVersion:
        if other == "another":
            add(store, 1)
        return versions.freeze(NAME, "eve", NOW, None)

    once = in_between(monkeypatch, versions, freeze_too)
    mine = versions.freeze(NAME, "ada", NOW, None)
    (theirs,) = once
    numbers = {"the same": (1, 1), "another": (1, 2)}[other]
    assert (theirs.number, mine.number) == numbers
    for version, count in ((theirs, 1 + (other == "another")), (mine, 1)):
        assert len(versions.manifest(version)) == count


def in_between(
    monkeypatch: pytest.MonkeyPatch, versions: VersionStore, act: Callable[[], Any]
) -> list[Any]:
    """Do ``act`` after the numbers were read and before the row is written."""
    done: list[Any] = []
    add_row = versions._add

    def late(version: Any) -> bool:
        monkeypatch.setattr(versions, "_add", add_row)
        done.append(act())
        return add_row(version)

    monkeypatch.setattr(versions, "_add", late)
    return done


def test_whoever_dies_before_the_row_leaves_no_version(
    store: DatasetStore, versions: VersionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, 0)
    with monkeypatch.context() as patch:
        patch.setattr(versions, "_add", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            versions.freeze(NAME, "ada", NOW, None)
    assert versions.versions(NAME) == ()
    add(store, 1)
    assert versions.freeze(NAME, "ada", NOW, None).images == 2


def test_a_version_of_nothing_is_refused(store: DatasetStore, versions: VersionStore) -> None:
    add(store, 0, label=None)
    with pytest.raises(DatasetConflictError, match="no labelled image"):
        versions.freeze(NAME, "ada", NOW, None)


def test_a_version_that_takes_too_long_is_refused(
    store: DatasetStore, versions: VersionStore
) -> None:
    add(store, *range(3))
    # A second passes with each image.
    slow = DatasetStore("datasets", store.client, clock=itertools.count().__next__)
    slow_versions = VersionStore(versions.bucket, boto3.client("s3"), slow)
    with pytest.raises(DatasetTooLargeError, match="2 were read in time"):
        slow_versions.freeze(NAME, "ann", datetime.now(UTC), None, seconds=3)
    assert versions.versions(NAME) == ()
    assert slow_versions.freeze(NAME, "ann", datetime.now(UTC), None, seconds=4).images == 3


def test_a_manifest_that_was_altered_is_refused(
    store: DatasetStore, versions: VersionStore
) -> None:
    add(store, 0)
    version = versions.freeze(NAME, "ada", NOW, None)
    boto3.client("s3").put_object(
        Bucket="bucket", Key=versions.key(version), Body=gzip.compress(b"{}\n")
    )
    with pytest.raises(ArtifactError):
        versions.manifest(version)


def test_health_counts_and_advises(store: DatasetStore) -> None:
    add(store, *range(4))
    add(store, 4, label="dog")
    add(store, 5, label=None)
    store.images.announce(NAME, [image(6)])
    store.images.change(NAME, [ImageChange(sha256=sha(3), removed=True)], "eve")
    store.curation.mark(
        NAME,
        [
            Mark(sha256=sha(0), group=sha(0), suspected="dog", outlier=False),
            Mark(sha256=sha(1), group=sha(0), suspected=None, outlier=True),
        ],
    )
    health = health_of(store.dataset(NAME).classes, store.images.all(NAME))
    assert (health.images, health.labelled, health.unlabelled) == (6, 4, 1)
    assert (health.pending, health.removed, health.duplicates) == (1, 1, 1)
    cat, dog = health.classes
    assert (cat.images, cat.groups, cat.suspected, cat.outliers) == (3, 2, 1, 1)
    assert (dog.images, health.imbalance) == (1, 3.0)
    assert [found.code for found in health.advice] == [
        "unlabelled",
        "few_images",
        "few_images",
        "suspected",
    ]
    assert health.advice[1].params == {"class": "dog", "images": 1, "missing": 19}


def test_changes_of_one_image_are_made_in_their_order(store: DatasetStore) -> None:
    add(store, *range(20))
    changes = [
        ImageChange(sha256=sha(number), label=label)
        for number in range(20)
        for label in ("dog", None, "cat", "dog")
    ]
    assert store.images.change(NAME, changes, "eve") == 80
    assert labels(store) == ["dog"] * 20
