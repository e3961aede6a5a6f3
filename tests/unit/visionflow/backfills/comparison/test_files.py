"""What a comparison reads that was written before there were any."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from visionflow.backfills.chunk_row import ChunkRow
from visionflow.backfills.chunks import BackfillFiles, Outcome
from visionflow.backfills.comparison.files import ComparisonFiles, Merged
from visionflow.backfills.comparison.part import Compared, Part
from visionflow.errors import ConfigError


class _RefusedError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Bucket:
    """S3's client for one bucket in memory."""

    exceptions = SimpleNamespace(ClientError=_RefusedError)

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}

    def put_object(self, **asked: Any) -> None:
        if asked.get("IfNoneMatch") and asked["Key"] in self.objects:
            raise _RefusedError("PreconditionFailed")
        self.objects[asked["Key"]] = asked["Body"], asked.get("Metadata", {})

    def get_object(self, **asked: Any) -> dict[str, Any]:
        if asked["Key"] not in self.objects:
            raise _RefusedError("NoSuchKey")
        data, metadata = self.objects[asked["Key"]]
        return {"Body": io.BytesIO(data), "Metadata": metadata}


def files(bucket: Bucket) -> ComparisonFiles:
    return ComparisonFiles("B1", "backfills", bucket)  # type: ignore[arg-type]


def test_a_part_that_says_something_else_has_another_name() -> None:
    bucket = Bucket()
    empty, one = Part(), Part.of([Compared("", 1, None, None)])
    names = [files(bucket).put_part(3, 25, part) for part in (empty, one, one)]
    assert names[0] != names[1] == names[2]
    assert files(bucket).part(names[1]) == one
    with pytest.raises(LookupError):
        files(bucket).part("0000003-0025-none")


def test_how_far_parts_are_merged_is_kept_with_what_they_say() -> None:
    bucket = Bucket()
    assert files(bucket).merged() == Merged(0, "", Part())
    one = Part.of([Compared("a\nb", 1, None, None)])
    files(bucket).put_merged(Merged(2, "0000018", one))
    assert files(bucket).merged() == Merged(2, "0000018", one)


def test_a_second_call_of_a_chunk_counts_the_part_of_the_first() -> None:
    bucket = Bucket()
    results = BackfillFiles("B1", "backfills", bucket)  # type: ignore[arg-type]
    first, second = Outcome(5, {"ok": 5}, part="a"), Outcome(2, {"ok": 2}, part="b")
    assert results.put_result(0, 0, b"", first) == first
    assert results.put_result(0, 0, b"", second) == first


def test_results_and_rows_from_before_there_were_parts_have_none() -> None:
    bucket = Bucket()
    results = BackfillFiles("B1", "backfills", bucket)  # type: ignore[arg-type]
    told = {"position": 5, "outcomes": {"ok": 5}, "codes": {}, "bytes": 9}
    metadata = {"outcome": json.dumps(told)}
    bucket.put_object(Key=results.result_key(0, 0), Body=b"", Metadata=metadata)
    assert results.put_result(0, 0, b"", Outcome(1, part="a")) == Outcome(5, {"ok": 5}, bytes=9)
    row: dict[str, Any] = {"position": 5, "done": True, "open": False, "careful": False, "at": None}
    row |= {"deaths": {}, "counted": True, "began_at": None}
    assert ChunkRow.read(row) == ChunkRow(position=5, done=True, counted=True)
    with pytest.raises(ConfigError):
        ChunkRow.read({**row, "other": 1})
