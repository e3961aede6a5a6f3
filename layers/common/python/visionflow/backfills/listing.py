"""The objects below a prefix, from several ranges of keys at once.

S3 lists keys in their order, a thousand in each answer, and waits between them are most of the
time. A range is cut where folders begin, as a listing with a delimiter tells; folders that lie in
one range cost no request of their own. Ranges take turns, so the same token leads to the same
pages, however fast each answer comes.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
"""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RANGES: Final = 8
"""Ranges that are listed at the same time."""
# Versions of an answer, the most that S3 gives.
_LISTED = 1_000
_DELIMITER = "/"


@dataclass(frozen=True)
class Range:
    """Keys behind ``after``, of which versions behind ``version``, up to and with ``last``; None is
    everything. ``whole``: it was tried to be cut, and has no folders at which."""

    after: str | None = None
    version: str | None = None
    last: str | None = None
    whole: bool = False


@dataclass(frozen=True)
class Listed:
    """``versions`` as S3 tells them, how many ``calls`` that took, and the token of what comes
    next, None at the end."""

    versions: tuple[Any, ...]
    calls: int
    after: str | None


def listed(s3: "S3Client", bucket: str, prefix: str, token: str | None) -> Iterator[Listed]:
    """The versions of all objects below ``prefix``, those of one object together. Raises what the
    client raises."""
    return _Listing(s3, bucket, prefix).pages(token)


@dataclass(frozen=True)
class _Listing:
    s3: "S3Client"
    bucket: str
    prefix: str

    def pages(self, token: str | None) -> Iterator[Listed]:
        ranges = [Range()] if token is None else [Range(*found) for found in json.loads(token)]
        with ThreadPoolExecutor(RANGES, "listing") as pool:
            asked = deque((one, pool.submit(self._ask, one)) for one in ranges)
            try:
                while asked:
                    one, answer = asked.popleft()
                    versions, rest = _within(one, answer.result())
                    calls, parts = 1, [] if rest is None else [rest]
                    if rest is not None and not rest.whole and len(asked) + 1 < RANGES:
                        more, parts = self._cut(rest, RANGES - len(asked))
                        calls += more
                    asked.extend((part, pool.submit(self._ask, part)) for part in parts)
                    left = [astuple(part) for part, _ in asked]
                    yield Listed(versions, calls, json.dumps(left) if left else None)
            finally:
                _forget(future for _, future in asked)

    def _ask(self, one: Range) -> Any:
        asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": self.prefix, "MaxKeys": _LISTED}
        if one.after is not None:
            asked["KeyMarker"] = one.after
        if one.version is not None:
            asked["VersionIdMarker"] = one.version
        return self.s3.list_object_versions(**asked)

    def _cut(self, one: Range, into: int) -> tuple[int, list[Range]]:
        """How many calls it took to find where folders begin, and the range as up to ``into``
        parts: between the highest folders of its keys, evenly."""
        folder: str | None = self.prefix
        calls = 0
        while folder is not None:
            answer = self.s3.list_object_versions(
                Bucket=self.bucket,
                Prefix=folder,
                Delimiter=_DELIMITER,
                MaxKeys=_LISTED,
                KeyMarker=one.after or "",
            )
            calls += 1
            begins = [
                found["Prefix"]
                for found in answer.get("CommonPrefixes", ())
                if found["Prefix"] > (one.after or "") and _is_below(found["Prefix"], one.last)
            ]
            if begins and answer.get("IsTruncated"):  # small ones may be many: one cut behind all
                return calls, _parts(one, begins[-1:], 2)
            if begins:
                return calls, _parts(one, begins, into)
            folder = _deeper(folder, one.after or "")
        return calls, [replace(one, whole=True)]


def _within(one: Range, answer: Any) -> tuple[tuple[Any, ...], Range | None]:
    """The versions of an answer that are in the range, and the rest of it."""
    found = answer.get("Versions", ())
    versions = tuple(v for v in found if one.last is None or v["Key"] <= one.last)
    if not answer.get("IsTruncated"):
        return versions, None
    after = answer["NextKeyMarker"]
    if one.last is not None and after > one.last:
        return versions, None
    return versions, replace(one, after=after, version=answer.get("NextVersionIdMarker"))


def _is_below(key: str, last: str | None) -> bool:
    return last is None or key < last


def _deeper(folder: str, key: str) -> str | None:
    """The folder of ``key`` that is next below ``folder``; None where it is in that itself."""
    if not key.startswith(folder):
        return None
    end = key.find(_DELIMITER, len(folder))
    return None if end < 0 else key[: end + 1]


def _parts(one: Range, begins: Sequence[str], into: int) -> list[Range]:
    step = max(1, -(-len(begins) // (into - 1)))
    cuts = begins[step - 1 :: step] if len(begins) >= into else begins
    parts, rest = [], one
    for cut in cuts[: into - 1]:
        parts.append(replace(rest, last=cut))
        rest = Range(after=cut, last=one.last)
    return [*parts, rest]


def _forget(futures: Iterator[Future[Any]]) -> None:
    """Nobody waits for these answers; those that are not asked for yet will not be."""
    for future in futures:
        future.cancel()
