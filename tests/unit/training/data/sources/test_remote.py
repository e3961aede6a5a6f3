import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.jobs import make_buckets
from training.data.grouping.group_images import group_images
from training.data.listing import list_images
from training.data.sources.dataset_folder import dataset_folder
from training.data.sources.remote import folder_in, local_file, local_folder
from training.data.split import list_parts
from training.data.threads import in_threads
from training.errors import DatasetError

BUCKET = "images"
SOURCE = f"s3://{BUCKET}/sets/colours"


@pytest.fixture
def bucket(aws: None, images: Path) -> Iterator[None]:
    """Two classes of three images, a file that is not an image, and what lies beside the prefix."""
    client = boto3.client("s3")
    client.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    for label in ("blue", "red"):
        for number in range(3):
            content = (images / "test" / label / f"{number:03}.png").read_bytes()
            put(f"sets/colours/{label}/{number:03}.png", content)
    put("sets/colours/notes.txt", b"no image")
    put("sets/colours-of-old/green/000.png", b"another set")
    yield


def put(key: str, content: bytes) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def test_a_local_folder_stays_where_it_is(tmp_path: Path) -> None:
    assert local_folder("some/folder", tmp_path) == Path("some/folder")


@pytest.mark.parametrize("source", [SOURCE, f"{SOURCE}/"])
def test_the_images_below_a_prefix_are_brought_here(
    bucket: None, images: Path, tmp_path: Path, source: str
) -> None:
    listing = list_images(local_folder(source, tmp_path))
    assert listing.labels == ("blue", "red")
    assert len(listing) == 6
    assert listing.path(5).read_bytes() == (images / "test/red/002.png").read_bytes()


def test_a_table_of_groups_comes_with_the_images(bucket: None, tmp_path: Path) -> None:
    put("sets/colours/groups.csv", b"file,group\nred/000.png,x\nred/001.png,x\n")
    folder = local_folder(SOURCE, tmp_path)
    assert not (folder / "notes.txt").exists()
    parts = list_parts(folder)
    numbers = group_images(parts, "csv:groups.csv", folder)
    assert numbers.tolist() == [0, 1, 2, 3, 3, 4]


def test_a_table_alone_is_not_a_dataset(bucket: None, tmp_path: Path) -> None:
    put("tables/groups.csv", b"file,group\n")
    with pytest.raises(DatasetError, match="no images there"):
        local_folder(f"s3://{BUCKET}/tables", tmp_path)


def test_a_whole_bucket_may_be_the_source(bucket: None, tmp_path: Path) -> None:
    folder = local_folder(f"s3://{BUCKET}", tmp_path)
    assert (folder / "sets" / "colours" / "red" / "000.png").exists()


def test_only_what_changed_is_brought_again(bucket: None, tmp_path: Path) -> None:
    folder = local_folder(SOURCE, tmp_path)
    files = sorted(folder.rglob("*.png"))
    contents = {file: file.read_bytes() for file in files}
    blue, red = folder / "blue" / "000.png", folder / "red" / "001.png"
    put("sets/colours/red/001.png", contents[red][::-1])
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="sets/colours/red/002.png")
    blue.write_bytes(b"cut off")
    for file in files:
        os.utime(file, (0, 0))
    assert local_folder(SOURCE, tmp_path) == folder
    assert sorted(file for file in folder.rglob("*.png") if file.stat().st_mtime) == [blue, red]
    assert blue.read_bytes() == contents[blue]
    assert red.read_bytes() == contents[red][::-1]
    assert not (folder / "red" / "002.png").exists()
    assert not list(folder.rglob("*.partial"))


def test_one_process_downloads_while_others_wait(
    bucket: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_in(tmp_path, BUCKET, "sets/colours/")

    def locked(*arguments: Any) -> Iterator[Any]:
        with (folder / ".lock").open("w") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return in_threads(*arguments)

    monkeypatch.setattr("training.data.sources.remote.in_threads", locked)
    assert len(list(local_folder(SOURCE, tmp_path).rglob("*.png"))) == 6


def test_an_empty_prefix_is_named(bucket: None, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="s3://images/nothing/: no images there"):
        local_folder(f"s3://{BUCKET}/nothing", tmp_path)


@pytest.mark.parametrize("source", ["s3://no-such-bucket/set", "s3://", "s3:///set"])
def test_a_bucket_that_is_not_there_is_named(aws: None, tmp_path: Path, source: str) -> None:
    with pytest.raises(DatasetError, match=f"{source}: cannot be read from S3"):
        local_folder(source, tmp_path)


def test_a_key_cannot_leave_the_folder(bucket: None, tmp_path: Path) -> None:
    put("sets/colours/../../../outside.png", b"escaped")
    with pytest.raises(DatasetError, match=r"outside\.png is not a path below a folder"):
        local_folder(SOURCE, tmp_path)
    assert not list(tmp_path.rglob("outside.png"))


def test_a_full_disk_is_named(bucket: None, tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full, where every write finds the disk full")
    folder = folder_in(tmp_path, BUCKET, "sets/colours/")
    (folder / "blue").mkdir(parents=True)
    (folder / "blue" / "000.png.partial").symlink_to(full)
    with pytest.raises(DatasetError, match=f"{folder}: the disk is full"):
        local_folder(SOURCE, tmp_path)


def test_a_prefix_is_read_as_a_folder_is(
    bucket: None, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (images / "test/red/005.png").read_bytes()
    put("sets/colours/red/사진", content)
    put("sets/colours/red/photo.txt", content)
    put("sets/colours/red/empty", b"")
    put("sets/colours/blue/메모.md", b"not an image")
    put("sets/colours/blue/", b"")
    put("sets/colours/@eaDir/000.png/SYNOPHOTO_THUMB_M.png", content)
    put("sets/colours/blue/.ipynb_checkpoints/000.png", content)
    listing = list_images(local_folder(SOURCE, tmp_path))
    assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {"blue": 3, "red": 5}
    assert not listing.left_out.junk
    said = capsys.readouterr().err
    assert f"{SOURCE}/: 2 files in class folders are not images and were left out: " in said
    assert "blue/메모.md, red/empty." in said
    assert "Passed over, since systems leave these in folders: @eaDir (1), hidden (1)." in said


def test_an_archive_in_s3_is_read_as_one_on_this_disk(
    bucket: None, images: Path, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "set"), "zip", images)
    put("sets/꽃.zip", Path(archive).read_bytes())
    folder = dataset_folder(f"s3://{BUCKET}/sets/꽃.zip", tmp_path / "cache")
    assert {name: len(part) for name, part in list_parts(folder).items()} == {
        "train": 120,
        "test": 30,
    }
    with pytest.raises(DatasetError, match=r"none\.zip: cannot be read from S3"):
        dataset_folder(f"s3://{BUCKET}/sets/none.zip", tmp_path / "cache")


def test_an_archive_that_was_replaced_by_one_of_its_size_is_brought_again(
    bucket: None, tmp_path: Path
) -> None:
    put("sets/a.zip", b"before")
    file = local_file(f"s3://{BUCKET}/sets/a.zip", tmp_path)
    os.utime(file, (0, 0))
    assert local_file(f"s3://{BUCKET}/sets/a.zip", tmp_path).stat().st_mtime == 0
    put("sets/a.zip", b"beyond")
    assert local_file(f"s3://{BUCKET}/sets/a.zip", tmp_path).read_bytes() == b"beyond"
    with pytest.raises(DatasetError, match="is not a path below a folder"):
        local_file(f"s3://{BUCKET}/../a.zip", tmp_path)


@pytest.mark.parametrize("whole", [False, True], ids=["document", "prefix"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".json", ".manifest"])
def test_a_document_in_s3_comes_with_its_images(
    bucket: None, images: Path, tmp_path: Path, suffix: str, whole: bool
) -> None:
    rows = [{"file": f"{number}.png", "label": "ab"[number % 2]} for number in range(4)]
    for number, row in enumerate(rows):
        content = (images / f"test/red/{number:03}.png").read_bytes()
        put(f"tables/{row['file']}", content)
    text = "\n".join(json.dumps(row) for row in rows)
    if suffix == ".csv":
        text = "file,label\n" + "\n".join(",".join(row.values()) for row in rows)
    put(f"tables/labels{suffix}", (json.dumps(rows) if suffix == ".json" else text).encode())
    source = f"s3://{BUCKET}/tables" + ("" if whole else f"/labels{suffix}")
    listing = list_parts(dataset_folder(source, tmp_path))["train"]
    assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {"a": 2, "b": 2}
    with pytest.raises(DatasetError, match=r"none\.csv: cannot be read from S3 \(no such object"):
        dataset_folder(f"s3://{BUCKET}/tables/none.csv", tmp_path)


def test_an_archived_object_that_is_no_image_ends_nothing(bucket: None, tmp_path: Path) -> None:
    boto3.client("s3").put_object(
        Bucket=BUCKET, Key="sets/colours/red/old.txt", Body=b"x", StorageClass="GLACIER"
    )
    assert len(list_images(local_folder(SOURCE, tmp_path))) == 6


def test_a_prefix_may_be_called_as_an_archive_is(
    bucket: None, images: Path, tmp_path: Path
) -> None:
    for label in ("a", "b"):
        put(f"sets/v1.zip/{label}/1.png", (images / "test/red/000.png").read_bytes())
    folder = dataset_folder(f"s3://{BUCKET}/sets/v1.zip/", tmp_path)
    assert list_parts(folder)["train"].labels == ("a", "b")


# What a key may have, and a path cannot, or a URL has another meaning for.
ODD_KEYS = {
    "two slashes": ("sets//odd", "red//0.png"),
    "slashes at both ends": ("/sets/odd/", "/red/0.png"),
    "a slash alone": ("/", "red/0.png"),
    "signs": ("a+b%20c/50% off", "red+blue/1 2%2F3.png"),
    "Korean": ("꽃 사진/2030년", "장미/사진 1.png"),
}


@pytest.mark.parametrize(("prefix", "name"), ODD_KEYS.values(), ids=ODD_KEYS)
def test_a_key_is_taken_as_it_is(
    aws: None, images: Path, tmp_path: Path, prefix: str, name: str
) -> None:
    make_buckets(BUCKET)
    content = (images / "test/red/000.png").read_bytes()
    below = prefix if prefix.endswith("/") else f"{prefix}/"
    put(below + name, content)
    put(f"{below}other/1.png", content)
    put(f"other{below}red/9.png", content)
    folder = dataset_folder(f"s3://{BUCKET}/{prefix}", tmp_path / "cache")
    listing = list_images(folder)
    label = next(part for part in name.split("/") if part)
    assert dict(zip(listing.labels, listing.counts.tolist(), strict=True)) == {label: 1, "other": 1}
    assert folder.resolve().is_relative_to(tmp_path)
    put(f"{below}set+1.zip", b"an archive")
    file = local_file(f"s3://{BUCKET}/{below}set+1.zip", tmp_path / "cache")
    assert (file.name, file.read_bytes()) == ("set+1.zip", b"an archive")
    assert file.resolve().is_relative_to(tmp_path)


def test_two_keys_of_one_path_are_two_images(bucket: None, tmp_path: Path) -> None:
    put("sets/colours/red//000.png", b"\x89PNG\r\n\x1a\nanother")
    assert len(list_images(local_folder(SOURCE, tmp_path))) == 7


def test_what_a_killed_process_brought_is_not_used(bucket: None, tmp_path: Path) -> None:
    folder = folder_in(tmp_path, BUCKET, "sets/colours/")
    (folder / "red").mkdir(parents=True)
    (folder / "red" / "gone.png").write_bytes(b"deleted from the bucket since")
    assert len(list_images(local_folder(SOURCE, tmp_path))) == 6


def test_a_prefix_within_another_keeps_nothing_of_it(bucket: None, tmp_path: Path) -> None:
    local_folder(SOURCE, tmp_path)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key="sets/colours/red/002.png")
    folder = local_folder(f"s3://{BUCKET}/sets", tmp_path)
    assert len(list((folder / "colours").rglob("*.png"))) == 5
