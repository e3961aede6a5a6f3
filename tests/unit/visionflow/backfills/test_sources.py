"""Pages of a source, taken up again anywhere."""

import gzip
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from visionflow.backfills.chunks import Entry
from visionflow.backfills.request import Own, Work, kind_of
from visionflow.backfills.sources import Page, pages
from visionflow.errors import BackfillRefusedError

OWN = Own("images", "backfills", 5)
ROLE = "arn:aws:iam::123456789012:role/VisionFlowRead"
WORK = Work("s3://theirs/a/", "listing", ("a/1",), "files", None, 1, None, ROLE)


class RefusalError(Exception):
    def __init__(self, code: str) -> None:
        self.response = {"Error": {"Code": code, "Message": f"S3 says {code}"}}


class Bucket:
    """S3 with two versions a page, and some objects."""

    class exceptions:  # noqa: N801  as boto3 has it
        ClientError = RefusalError

    def __init__(self, versions: Any = (), **objects: bytes) -> None:
        self._versions = list(versions)
        self._objects = objects

    def list_object_versions(self, **asked: Any) -> Any:
        start = int(asked.get("KeyMarker", 0))
        part = self._versions[start : start + 2]
        more = start + 2 < len(self._versions)
        answer = {"Versions": part, "IsTruncated": more}
        return answer | ({"NextKeyMarker": str(start + 2)} if more else {})

    def get_object(self, **asked: str) -> Any:
        if asked["Key"] not in self._objects:
            raise RefusalError("NoSuchKey")
        return {"Body": io.BytesIO(self._objects[asked["Key"]])}


def version(key: str, number: str = "v1", *, latest: bool = True) -> dict[str, Any]:
    return {"Key": key, "VersionId": number, "ETag": '"e"', "Size": 3, "IsLatest": latest}


def listed(bucket: Bucket, source: str = "s3://theirs/a/", **more: Any) -> list[Page]:
    key = source.removeprefix("s3://").partition("/")[2]
    work = replace(WORK, source=source, kind=kind_of(key), **more)
    return list(pages(work, OWN, bucket))  # type: ignore[arg-type]


def resumed_anywhere(bucket: Bucket, source: str) -> list[Entry]:
    """All entries, where each slice has one page."""
    key = source.removeprefix("s3://").partition("/")[2]
    work = replace(WORK, source=source, kind=kind_of(key))
    found: list[Entry] = []
    token: str | None = None
    while True:
        page = next(iter(pages(work, OWN, bucket, token)))  # type: ignore[arg-type]
        found += page.entries
        token = page.after
        if token is None:
            return found


def test_the_latest_version_of_each_image_is_listed() -> None:
    bucket = Bucket(
        [
            version("a/1.jpg", "v2"),
            version("a/1.jpg", "v1", latest=False),
            version("a/2.jpg", "null"),
            version("a/notes.txt"),
            version("a/3.jpg"),
        ]
    )
    found = listed(bucket)
    assert [entry for page in found for entry in page.entries] == [
        Entry("a/1.jpg", "v2", "e", 3),
        Entry("a/2.jpg", None, "e", 3),
        Entry("a/3.jpg", "v1", "e", 3),
    ]
    assert sum(page.not_images for page in found) == 1
    assert found[-1].after is None
    assert resumed_anywhere(bucket, "s3://theirs/a/") == [
        entry for page in found for entry in page.entries
    ]


CSV = b'a/1.jpg\ntheirs,a/2+2.jpg\n\ntheirs,"a/3,3.jpg",v7\n'


@pytest.mark.parametrize("name", ["keys.csv", "keys.csv.gz"])
def test_a_list_has_keys_as_they_are(name: str) -> None:
    data = gzip.compress(CSV) if name.endswith("gz") else b"\xef\xbb\xbf" + CSV
    bucket = Bucket(**{name: data})
    assert resumed_anywhere(bucket, f"s3://theirs/{name}") == [
        Entry("a/1.jpg"),
        Entry("a/2+2.jpg"),
        Entry("a/3,3.jpg", "v7"),
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"other,a/1.jpg\n", "Line 1 names the bucket other"),
        (b"a/1.jpg\n1,2,3,4\n", "Line 2 is not a key"),
        (b"a/1.jpg\n\n1,2,3,4\n", "Line 3 is not a key"),
        (b"\xff\xfe\xff", "not CSV in UTF-8"),
        (b"a" * 60_000, "a row is longer than 50,000 characters"),
        (b'"\n",' * 20_000, "a row is longer than 50,000 characters"),
        (gzip.compress(b"a/1.jpg\n" * 9)[:-9], "not CSV in UTF-8"),
        (gzip.compress(b"a/1.jpg\n")[:10] + b"\xff" * 9, "not CSV in UTF-8"),
        (b"\x1f no gzip", "not CSV in UTF-8"),
    ],
)
def test_what_is_no_list_of_keys_is_refused(data: bytes, says: str) -> None:
    name = "keys.CSV.GZ" if data.startswith(b"\x1f") else "keys.csv"
    with pytest.raises(BackfillRefusedError, match=says):
        listed(Bucket(**{name: data}), f"s3://theirs/{name}")


class Endless(io.RawIOBase):
    """What a few kB can become when they are decompressed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        buffer[:] = (self._data * len(buffer))[: len(buffer)]
        return len(buffer)


@pytest.mark.parametrize("line", [b"\n", b"a/1.jpg\n"])
def test_a_list_without_an_end_comes_in_pages(line: bytes) -> None:
    bucket = Bucket(**{"keys.csv": line})
    bucket.get_object = lambda **_asked: {"Body": Endless(line)}  # type: ignore[method-assign]
    work = replace(WORK, source="s3://theirs/keys.csv", kind="csv")
    first = next(iter(pages(work, OWN, bucket)))  # type: ignore[arg-type]
    assert (first.after, len(first.entries)) == ("[10000]", 10_000 if line[0] == ord("a") else 0)


def inventory(**changes: Any) -> bytes:
    manifest = {
        "sourceBucket": "theirs",
        "destinationBucket": "arn:aws:s3:::reports",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
        "files": [{"key": "one"}, {"key": "two"}],
        **changes,
    }
    return json.dumps(manifest).encode()


def test_an_inventory_is_read_file_by_file() -> None:
    one = '"theirs","a/b+c%2B.jpg","v1","true","false","5","e1"\n'
    one += '"theirs","a/b.jpg","v0","false","false","5","e0"\n'
    two = '"theirs","a/gone.jpg","v9","true","true","",""\n"theirs","a/d.png","","true","","7",""\n'
    bucket = Bucket(
        **{
            "i/manifest.json": inventory(),
            "one": gzip.compress(one.encode()),
            "two": gzip.compress(two.encode()),
        }
    )
    expected = [Entry("a/b c+.jpg", "v1", "e1", 5), Entry("a/d.png", None, None, 7)]
    source = "s3://reports/i/manifest.json"
    found = listed(bucket, source)
    assert [entry for page in found for entry in page.entries] == expected
    assert {page.bucket for page in found} == {"theirs"}
    assert resumed_anywhere(bucket, source) == expected


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (inventory(fileFormat="Parquet"), "set its format to CSV"),
        (inventory(fileFormat="ORC"), "set its format to CSV"),
        (inventory(fileSchema="Bucket, Size"), "no column Key"),
        (b"{}", "not the manifest.json of an S3 Inventory"),
        (b"no json", "not the manifest.json of an S3 Inventory"),
        (b"[" * 100_000, "not the manifest.json of an S3 Inventory"),
        (inventory(sourceBucket=None), "not the manifest.json of an S3 Inventory"),
        (inventory(destinationBucket="No Bucket"), "not the manifest.json of an S3 Inventory"),
        (inventory(files=[{"key": ""}]), "not the manifest.json of an S3 Inventory"),
    ],
)
def test_what_is_no_inventory_is_refused(manifest: bytes, says: str) -> None:
    with pytest.raises(BackfillRefusedError, match=says):
        listed(Bucket(**{"i/manifest.json": manifest}), "s3://theirs/i/manifest.json")


def test_a_row_of_an_inventory_without_a_key_is_refused() -> None:
    files = {"i/manifest.json": inventory(), "one": gzip.compress(b"theirs\n")}
    with pytest.raises(BackfillRefusedError, match="Line 1 of the inventory has no key"):
        listed(Bucket(**files), "s3://theirs/i/manifest.json")


def test_a_source_that_is_not_there_is_refused_by_what_s3_says() -> None:
    with pytest.raises(BackfillRefusedError, match="S3 says NoSuchKey"):
        listed(Bucket(), "s3://theirs/keys.csv")


def test_without_a_role_only_the_stages_images_are_read() -> None:
    keys = b"uploads/1.jpg\napi/2\nthumbnails/3.jpg\n"
    bucket = Bucket(**{"sources/k.csv": keys})
    source = "s3://backfills/sources/k.csv"
    (first, _) = listed(bucket, source, role=None)
    assert [entry.key for entry in first.entries] == ["uploads/1.jpg", "api/2"]
    assert (first.bucket, first.not_images) == ("images", 1)
    (first, _) = listed(bucket, source, role=None, into="records")
    assert [entry.key for entry in first.entries] == ["uploads/1.jpg"]
    with pytest.raises(BackfillRefusedError, match="theirs is not the stage's bucket"):
        listed(Bucket([version("a/1.jpg")]), role=None)
