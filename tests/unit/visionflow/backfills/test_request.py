"""What a backfill may be asked to do, and which field says no."""

from typing import Any

import pytest

from visionflow.backfills.request import BackfillRequest, Own, Work, check, kind_of
from visionflow.errors import InvalidParameterError

OWN = Own("images", "backfills", 5)
ROLE = "arn:aws:iam::123456789012:role/VisionFlowReadImages"


def checked(source: str = "s3://images/uploads/a", **asked: Any) -> Work:
    return check(BackfillRequest(source, **asked), OWN, "flowers/1")


def test_what_is_left_out_is_the_stages() -> None:
    work = checked()
    assert (work.models, work.concurrency, work.kind) == (("flowers/1",), 5, "listing")
    assert checked(models=("a/1", "a/2")).models == ("a/1", "a/2")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("", "listing"),
        ("uploads/2025/", "listing"),
        ("list/keys.csv", "csv"),
        ("list/keys.CSV.gz", "csv"),
        ("a/b/2025-01-01T00-00Z/manifest.json", "inventory"),
        ("manifest.json", "inventory"),
        ("uploads/manifest.jsonl", "listing"),
    ],
)
def test_a_source_is_what_its_name_says(key: str, kind: str) -> None:
    assert kind_of(key) == kind


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("source", {"source": "images/uploads"}),
        ("source", {"source": "s3://"}),
        ("source", {"source": "s3://images/"}),
        ("source", {"source": "s3://No Bucket/a/", "role": ROLE}),
        ("source", {"source": f"s3://images/uploads/{'é' * 600}"}),
        ("source", {"source": "s3://images/thumbnails/"}),
        ("source", {"source": "s3://images/api/", "into": "records"}),
        ("role", {"source": "s3://others/uploads/"}),
        ("role", {"role": "arn:aws:iam::123456789012:role/Admin"}),
        ("role", {"role": f"{ROLE}/../Admin"}),
        ("into", {"source": "s3://others/", "role": ROLE, "into": "records"}),
        ("into", {"models": ("a/1", "a/2"), "into": "records"}),
        ("models", {"models": ("a/1", "a/1")}),
        ("models", {"models": ("a/1", "a/2", "a/3")}),
        ("models", {"models": ("nothing",)}),
        ("sample", {"sample": 0}),
        ("sample", {"sample": 100_001}),
        ("concurrency", {"concurrency": 6}),
        ("concurrency", {"concurrency": 0}),
        ("max_usd", {"max_usd": 0.0}),
        ("max_usd", {"max_usd": float("nan")}),
    ],
)
def test_a_request_that_cannot_be_done_names_its_field(field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterError) as caught:
        checked(**asked)
    assert caught.value.field == field


def test_what_it_may_spend_makes_no_other_backfill() -> None:
    assert checked(max_usd=1.0, concurrency=2).digest == checked().digest
    assert checked(sample=3).digest != checked().digest
