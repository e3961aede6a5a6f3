"""Addresses in S3, ``s3://bucket/prefix`` and ``s3://bucket/key``, and keys as paths of files.

A key is any text: it may begin with a slash, have two in a row, a plus, a percent sign or a blank.
Everything but a slash at its place is kept as it is.
"""

from collections.abc import Collection

SCHEME = "s3://"


def object_of(address: str) -> tuple[str, str]:
    """Bucket and key of ``s3://bucket/key``."""
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    return bucket, key


def place_of(address: str) -> tuple[str, str]:
    """Bucket and prefix of ``s3://bucket/prefix``; a prefix that is not empty ends with a slash."""
    bucket, prefix = object_of(address)
    return bucket, prefix if not prefix or prefix.endswith("/") else f"{prefix}/"


def path_of(key: str) -> str:
    """A key, or what is behind its prefix, as a relative path; empty where it has slashes alone.

    Raises `ValueError` for one that would lead out of its folder.
    """
    names = [name for name in key.split("/") if name]
    if {".", ".."} & {*names} or any("\0" in name for name in names):
        raise ValueError(f"the key {key:.200} is not a path below a folder")
    return "/".join(names)


def free_path(path: str, taken: Collection[str]) -> str:
    """``path``, or where it is taken the same with a number: ``a//b.jpg`` is another object than
    ``a/b.jpg``."""
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    number = 1
    while path in taken:
        number += 1
        path = f"{folder}{slash}{stem}-{number}{dot}{suffix}"
    return path
