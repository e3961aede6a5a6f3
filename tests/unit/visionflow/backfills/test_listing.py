"""Ranges of keys listed at once: every version once, in an order that time cannot change."""

import random
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from visionflow.backfills.listing import RANGES, Listed, listed

PREFIX = "in/"


class Bucket:
    """S3's answers about versions, ``size`` in each."""

    def __init__(self, keys: list[str], size: int, *, versions: int = 1, slow: bool = False):
        self.versions = [
            {"Key": key, "VersionId": f"v{number}"}
            for key in sorted(keys)
            for number in range(versions)
        ]
        self.size, self.slow, self.asked = size, slow, 0

    def list_object_versions(
        self,
        Prefix: str,  # noqa: N803  as boto3 has them
        KeyMarker: str = "",  # noqa: N803
        VersionIdMarker: str | None = None,  # noqa: N803
        Delimiter: str | None = None,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        self.asked += 1
        if self.slow:
            time.sleep(random.random() / 500)
        found = [v for v in self.versions if v["Key"].startswith(Prefix)]
        behind = [v for v in found if v["Key"] > KeyMarker]
        if VersionIdMarker is not None:
            same = [v for v in found if v["Key"] == KeyMarker]
            behind = [v for v in same if v["VersionId"] > VersionIdMarker] + behind
        if Delimiter is not None:
            rests = [v["Key"][len(Prefix) :] for v in behind]
            folders = {Prefix + rest.partition("/")[0] + "/" for rest in rests if "/" in rest}
            told = [{"Prefix": one} for one in sorted(folders)[: self.size]]
            return {"CommonPrefixes": told, "IsTruncated": len(folders) > self.size}
        part = behind[: self.size]
        if len(behind) <= self.size:
            return {"Versions": part, "IsTruncated": False}
        last = {"NextKeyMarker": part[-1]["Key"], "NextVersionIdMarker": part[-1]["VersionId"]}
        return {"Versions": part, "IsTruncated": True} | last


def tree(seed: int) -> list[str]:
    """Keys below folders of any depth, some of them folders themselves, in several scripts."""
    generator = random.Random(seed)
    names = ["a", "b", "c d", "2026", "사진", "é", "~", "z" * 9]
    keys = set()
    for _ in range(generator.randrange(150)):
        depth = generator.randrange(5)
        folder = "".join(f"{generator.choice(names)}/" for _ in range(depth))
        keys.add(f"{PREFIX}{folder}{generator.choice(['', f'{generator.randrange(99)}.jpg'])}")
    return sorted(keys - {""})


def told(pages: list[Listed]) -> Counter[tuple[str, str]]:
    return Counter((v["Key"], v["VersionId"]) for page in pages for v in page.versions)


def resumed(bucket: Any, stops: int) -> list[Listed]:
    """The pages of a listing that is taken up again after each ``stops`` of them."""
    pages: list[Listed] = []
    token: str | None = None
    while not pages or token is not None:
        for _, page in zip(range(stops), listed(bucket, "b", PREFIX, token), strict=False):
            pages.append(page)
        token = pages[-1].after
    return pages


@pytest.mark.parametrize("seed", range(16))
def test_every_version_is_listed_once_wherever_it_is_taken_up_again(seed: int) -> None:
    bucket = Bucket(tree(seed), random.Random(seed).choice([2, 7, 30]), versions=1 + seed % 3)
    every = Counter({(v["Key"], v["VersionId"]): 1 for v in bucket.versions})
    whole = list(listed(bucket, "b", PREFIX, None))  # type: ignore[arg-type]
    assert told(whole) == every
    assert sum(page.calls for page in whole) <= bucket.asked
    for stops in (1, 3):
        assert resumed(bucket, stops) == whole, "the same pages, as a repeated slice writes them"


def test_pages_do_not_depend_on_which_answer_comes_first() -> None:
    keys = [f"{PREFIX}{day:02}/{n:03}.jpg" for day in range(12) for n in range(20)]
    found = [
        list(listed(Bucket(keys, 5, slow=True), "b", PREFIX, None))  # type: ignore[arg-type]
        for _ in range(3)
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("keys", "times"),
    [
        ([f"{PREFIX}{day:02}/{n:04}.jpg" for day in range(10) for n in range(300)], 1.4),
        ([f"{PREFIX}{n:06}.jpg" for n in range(3_000)], 1.0),
        ([f"{PREFIX}{n:06}/photo.jpg" for n in range(3_000)], 2.0),
        ([f"{PREFIX}one/only/26/{m:02}/{n:03}.jpg" for m in range(12) for n in range(250)], 1.4),
    ],
    ids=["days", "flat", "a folder each", "deep"],
)
def test_cutting_costs_few_calls(keys: list[str], times: float) -> None:
    bucket = Bucket(keys, 30)
    pages = list(listed(bucket, "b", PREFIX, None))  # type: ignore[arg-type]
    assert sum(map(len, told(pages).items())) == 2 * len(keys)
    assert bucket.asked <= times * len(keys) / 30 + 5 * RANGES


def test_folders_are_listed_at_once() -> None:
    bucket = Bucket([f"{PREFIX}{day:02}/{n:03}.jpg" for day in range(20) for n in range(50)], 10)
    pages = list(listed(bucket, "b", PREFIX, None))  # type: ignore[arg-type]
    folders = [page.versions[0]["Key"][:6] for page in pages if page.versions]
    assert len({*folders[1 : 1 + RANGES]}) >= RANGES - 3
    assert sum(a != b for a, b in pairwise(folders)) > len(folders) / 2
