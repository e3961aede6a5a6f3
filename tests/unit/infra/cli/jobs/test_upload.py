"""A job trains on what it was given: data lie under a prefix of their content."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from infra.cli.jobs import upload as upload_module
from infra.cli.jobs.upload import upload
from infra.errors import CommandError
from lambdas.api.training_jobs.datasets import find_data_sets
from tests.jobs import DATASETS, make_buckets
from training.data.listing import list_images
from training.data.sources.dataset_folder import dataset_folder
from training.errors import DatasetError

REFUSED = r"no images|no such folder|differs from|class folders with images, at least 2|is empty"


class Bucket:
    """The datasets bucket, and how many files were sent to it."""

    def __init__(self, folder: Path) -> None:
        self.s3 = boto3.client("s3")
        self.cache = folder / "cache"
        self.said: list[str] = []

    def upload(self, source: Path) -> str:
        self.said.clear()
        return upload(str(source), DATASETS, self.s3, self.cache, self.said.append)

    def names(self) -> set[str]:
        return {x["Key"] for x in self.s3.list_objects_v2(Bucket=DATASETS).get("Contents", [])}


@pytest.fixture
def bucket(aws: None, tmp_path: Path) -> Bucket:
    make_buckets(DATASETS)
    return Bucket(tmp_path)


def write(folder: Path, **classes: int) -> Path:
    """Class folders of so many images, of which no two are alike."""
    for label, count in classes.items():
        for number in range(count):
            file = folder / label / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4), (number, len(label), 90)).save(file)
    return folder


def as_folder(folder: Path) -> Path:
    return folder


def as_zip(folder: Path) -> Path:
    return Path(shutil.make_archive(str(folder), "zip", folder))


def as_table(folder: Path) -> Path:
    rows = [f"{file},{file.parent.name}" for file in sorted(folder.rglob("*.png"))]
    table = folder.parent / "labels.csv"
    table.write_text("\n".join(["file_name,label", *rows]))
    return table


@pytest.mark.parametrize("form", [as_folder, as_zip, as_table])
def test_any_data_that_train_takes_is_read_by_train_from_where_it_was_brought(
    bucket: Bucket, tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    place = bucket.upload(form(write(tmp_path / "꽃 1+2", rose=3, tulip=2)))
    listing = list_images(dataset_folder(place, tmp_path / "there"))
    assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {
        "rose": 3,
        "tulip": 2,
    }
    assert find_data_sets(DATASETS, bucket.s3)[0].classes == {"rose": 3, "tulip": 2}


@pytest.mark.parametrize("form", [as_folder, as_zip])
def test_other_data_of_the_same_name_never_merge(
    bucket: Bucket, tmp_path: Path, form: Callable[[Path], Path]
) -> None:
    first = bucket.upload(form(write(tmp_path / "a" / "flowers", rose=3, tulip=3, lily=3)))
    before = bucket.names()
    second = bucket.upload(form(write(tmp_path / "b" / "flowers", rose=2, tulip=2)))
    assert second != first
    assert bucket.names() > before
    listing = list_images(dataset_folder(second, tmp_path / "there"))
    assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {
        "rose": 2,
        "tulip": 2,
    }


def test_what_is_gone_or_changed_is_not_used(bucket: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "flowers", rose=3, tulip=3)
    places = [bucket.upload(folder)]
    data = (folder / "rose/0.png").read_bytes()
    # Another image of the same name and size.
    (folder / "rose/0.png").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    places.append(bucket.upload(folder))
    (folder / "rose/2.png").unlink()
    places.append(bucket.upload(folder))
    (folder / "rose/1.png").rename(folder / "tulip/9.png")
    places.append(bucket.upload(folder))
    assert len(set(places)) == 4
    counts = [list_images(dataset_folder(p, tmp_path / "c")).counts.tolist() for p in places]
    assert counts == [[3, 3], [3, 3], [2, 3], [1, 4]]


def test_the_same_data_again_send_nothing(bucket: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "flowers", rose=2, tulip=2)
    place = bucket.upload(folder)
    assert bucket.said == [f"4 files are in {place}/; 4 were sent now."]
    for file in folder.rglob("*.png"):
        file.touch()
    assert bucket.upload(folder) == place
    assert bucket.said == [f"4 files are in {place}/; all were there already."]


def test_an_upload_that_was_broken_off_goes_on(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "flowers", rose=4, tulip=4)
    place = bucket.upload(folder)
    prefix = place.removeprefix(f"s3://{DATASETS}/")
    bucket.s3.delete_object(Bucket=DATASETS, Key=f"{prefix}/rose/1.png")
    # Somebody wrote other bytes of the same length over one.
    size = (folder / "tulip/3.png").stat().st_size
    bucket.s3.put_object(Bucket=DATASETS, Key=f"{prefix}/tulip/3.png", Body=b"x" * size)
    assert bucket.upload(folder) == place
    assert bucket.said == [f"8 files are in {place}/; 2 were sent now."]
    there = bucket.s3.get_object(Bucket=DATASETS, Key=f"{prefix}/tulip/3.png")["Body"].read()
    assert there == (folder / "tulip/3.png").read_bytes()


def test_tables_come_too_and_what_systems_leave_does_not(bucket: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "flowers", rose=1, tulip=1)
    (folder / "groups.csv").write_text("file,group\n")
    (folder / "lineage.jsonl").write_text("{}\n")
    (folder / "rose" / "notes.txt").write_text("not an image")
    (folder / "rose" / "Thumbs.db").write_bytes(b"left behind")
    (folder / "rose" / "photo").write_bytes((folder / "rose/0.png").read_bytes() + b"again")
    place = bucket.upload(folder)
    prefix = place.removeprefix(f"s3://{DATASETS}/")
    names = {key.removeprefix(f"{prefix}/") for key in bucket.names()}
    assert names == {"groups.csv", "lineage.jsonl", "rose/0.png", "rose/photo", "tulip/0.png"}


def test_files_that_somebody_put_below_the_prefix_are_named(bucket: Bucket, tmp_path: Path) -> None:
    folder = write(tmp_path / "flowers", rose=1, tulip=1)
    key = f"{bucket.upload(folder).removeprefix(f's3://{DATASETS}/')}/rose/mine.png"
    bucket.s3.put_object(Bucket=DATASETS, Key=key, Body=b"mine")
    with pytest.raises(CommandError, match=r"holds 1 files that are not in .*: rose/mine\.png"):
        bucket.upload(folder)


def test_a_file_that_changes_meanwhile_is_not_sent(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(tmp_path / "flowers", rose=1, tulip=1)
    look = upload_module._there

    def later(*arguments: Any) -> dict[str, str]:
        (folder / "rose/0.png").write_bytes(b"changed")
        return look(*arguments)

    monkeypatch.setattr(upload_module, "_there", later)
    with pytest.raises(CommandError, match=r"0\.png: has changed since the upload began"):
        bucket.upload(folder)
    assert not any("rose" in key for key in bucket.names())


@pytest.mark.parametrize("make", ["empty", "missing", "alike", "flat", "one class"])
def test_data_that_training_refuses_are_not_uploaded(
    bucket: Bucket, tmp_path: Path, make: str
) -> None:
    folder = tmp_path / "flowers"
    if make != "missing":
        folder.mkdir()
    if make == "alike":
        write(folder, rose=1, Rose=1)
    if make == "one class":
        write(folder, rose=3)
    if make == "flat":
        write(folder, rose=3)
        folder = folder / "rose"
    with pytest.raises((CommandError, DatasetError), match=REFUSED):
        bucket.upload(folder)
    assert bucket.names() == set()
