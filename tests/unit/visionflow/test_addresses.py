"""What an address in S3 names, whatever signs are in it."""

import pytest

from visionflow.addresses import free_path, object_of, path_of, place_of


@pytest.mark.parametrize(
    ("address", "bucket", "prefix"),
    [
        ("s3://b", "b", ""),
        ("s3://b/", "b", ""),
        ("s3://b/flowers", "b", "flowers/"),
        ("s3://b/flowers/", "b", "flowers/"),
        ("s3://b/flowers//", "b", "flowers//"),
        ("s3://b//flowers", "b", "/flowers/"),
        ("s3://b/a+b%20c/꽃 1", "b", "a+b%20c/꽃 1/"),
    ],
)
def test_a_prefix_is_what_is_written(address: str, bucket: str, prefix: str) -> None:
    assert place_of(address) == (bucket, prefix)


def test_a_key_is_what_is_written() -> None:
    assert object_of("s3://b//a//b%2F.zip") == ("b", "/a//b%2F.zip")


@pytest.mark.parametrize(
    ("key", "path"),
    [("a/b.jpg", "a/b.jpg"), ("/a//b.jpg", "a/b.jpg"), ("//", ""), ("50% +1/꽃", "50% +1/꽃")],
)
def test_a_key_becomes_a_path_below_a_folder(key: str, path: str) -> None:
    assert path_of(key) == path


@pytest.mark.parametrize("key", ["../a", "a/../../b", "a/./b", "/..", "a\0b"])
def test_a_key_cannot_lead_out(key: str) -> None:
    with pytest.raises(ValueError, match="is not a path below a folder"):
        path_of(key)


def test_a_path_that_is_taken_gets_a_number() -> None:
    taken = {"a/b.jpg", "a/b-2.jpg", "c"}
    assert free_path("a/b.jpg", taken) == "a/b-3.jpg"
    assert free_path("c", taken) == "c-2"
    assert free_path("d.jpg", taken) == "d.jpg"
