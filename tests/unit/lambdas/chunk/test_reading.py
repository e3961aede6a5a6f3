"""Images that somebody else's bucket does not let the stage read."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from lambdas.aws.errors import ClientError
from lambdas.chunk import reading
from lambdas.chunk.again import again
from lambdas.chunk.reading import Reader
from visionflow.backfills.chunks import Entry
from visionflow.errors import DeniedImageError, MissingImageError
from visionflow.images.store import StoredImage

ENTRIES = [Entry(str(number)) for number in range(20)]


class Bucket:
    """Reads what is not ``denied`` and not ``missing``; S3 says ``code`` of what is denied."""

    refusal = ClientError

    def __init__(self, *denied: int, code: str = "AccessDenied", missing: int = -1) -> None:
        self.denied, self.code, self.missing = denied, code, missing
        self.asked: Counter[str] = Counter()

    def fetch(self, key: str, version: str | None, etag: str | None) -> StoredImage:
        self.asked[key] += 1
        if int(key) == self.missing:
            raise MissingImageError("It was deleted.")
        if int(key) in self.denied:
            raise ClientError({"Error": {"Code": self.code, "Message": "denied"}}, "GetObject")
        return StoredImage(key.encode(), None)


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    monkeypatch.setattr(reading, "again", lambda call, **_: call())
    with ThreadPoolExecutor(2) as made:
        yield made


def read(pool: ThreadPoolExecutor, bucket: Any, entries: list[Entry], **how: bool) -> list[Any]:
    found = Reader(pool).read(bucket, entries, **({"theirs": True} | how))
    return [one.data if isinstance(one, StoredImage) else type(one) for one in found]


@pytest.mark.parametrize("ahead", [True, False])
@pytest.mark.parametrize("denied", [(0,), (19,), (0, 1, 2, 19), tuple(range(15))])
def test_what_its_owner_denies_fails_alone(
    pool: ThreadPoolExecutor, denied: tuple[int, ...], ahead: bool
) -> None:
    found = read(pool, Bucket(*denied), ENTRIES, ahead=ahead)
    assert found == [DeniedImageError if n in denied else b"%d" % n for n in range(20)]


@pytest.mark.parametrize(
    ("bucket", "how"),
    [
        (Bucket(*range(20)), {}),
        (Bucket(*range(20), missing=3), {}),
        (Bucket(4), {"theirs": False}),
        (Bucket(4, code="SlowDown"), {}),
        (Bucket(4, code="ExpiredToken"), {}),
    ],
    ids=["all are denied", "and one is gone", "the stage's own", "busy", "the role's session"],
)
def test_a_grant_that_is_missing_waits_for_it(
    pool: ThreadPoolExecutor, bucket: Bucket, how: dict[str, bool]
) -> None:
    with pytest.raises(ClientError):
        read(pool, bucket, ENTRIES, **how)


def test_the_last_images_of_a_chunk_are_judged_by_the_first(pool: ThreadPoolExecutor) -> None:
    bucket = Bucket(18, 19)
    with pytest.raises(ClientError):
        read(pool, bucket, ENTRIES[18:])
    assert read(pool, bucket, ENTRIES[18:], some_read=True) == [DeniedImageError] * 2


def test_what_others_deny_is_asked_for_once_and_looked_behind_once(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(reading, "again", partial(again, sleep=waits.append))
    bucket = Bucket(*range(12))
    read(pool, bucket, ENTRIES)
    # The first that is denied looks behind itself, at each other one until one can be read.
    assert bucket.asked == {str(n): 1 if n in (0, *range(13, 20)) else 2 for n in range(20)}
    assert waits == []
