"""A backfill on the local cloud, whose workers are killed and throttled, cancelled and resumed."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from tests.e2e import backfill
from tests.e2e.cloud import Cloud
from tests.e2e.conftest import visionflow
from tests.images import encode, textured
from visionflow.backfills import listing

pytestmark = pytest.mark.e2e

IMAGES, POISON, KILLS = 60, 0.1, 1
PREFIX = "uploads/backfill/"


def test_each_image_has_one_result_whatever_happens_on_the_way(
    cloud: Cloud, tmp_path: Path
) -> None:
    datas = [encode(textured(seed=seed)) for seed in range(IMAGES)]
    with backfill.unannounced(cloud):
        versions = backfill.drop(cloud, backfill.images(datas, PREFIX, POISON))
    poison = sum(image.code is not None for image in versions.values())
    for into in ("files", "records"):
        found = backfill.run(cloud, versions, PREFIX, into=into, kills=KILLS, cancel=True)
        progress = found.view["progress"]
        assert found.view["state"] == "done", found.view
        assert (found.missing, found.repeated, found.wrong) == (0, 0, 0), found
        assert (progress["listed"], progress["left"]) == (IMAGES, 0)
        assert (progress["failed"], progress["skipped"]) == (poison, 0)
        assert found.faults["read cut off"] > 0
        assert found.faults["killed before the write"] == KILLS
        if into == "records":
            assert found.faults["throttled"] > 0
    _ask_what_the_readme_asks(cloud, tmp_path)


def _ask_what_the_readme_asks(cloud: Cloud, folder: Path) -> None:
    """By the command line, as a person would."""
    source = f"s3://{cloud.outputs.images_bucket}/{PREFIX}"
    told = visionflow("backfill", source, "--sample", "10", "--json", state=cloud.state)
    assert told.returncode == 0, told.stderr
    view = json.loads(told.stdout.splitlines()[-1])
    backfill.download(cloud, view, folder)
    rows = duckdb.connect().execute(
        "SELECT status, count(*) AS images, avg(confidence) AS confidence "  # noqa: S608
        f"FROM '{folder}/*.parquet' GROUP BY status"
    )
    assert sum(count for _, count, _ in rows.fetchall()) == 10
    dry = visionflow("backfill", "start", source, "--dry-run", state=cloud.state)
    assert dry.stdout.startswith(f"{IMAGES} images")


def test_a_listing_is_cut_where_folders_begin(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As this S3 answers: with pages of five keys."""
    monkeypatch.setattr(listing, "_LISTED", 5)
    bucket, prefix = cloud.outputs.images_bucket, "cut/"
    keys = [f"{prefix}{day}/größe {n}.jpg" for day in "abcdefghij" for n in range(7)]
    for key in keys:
        cloud.s3.put_object(Bucket=bucket, Key=key)
    pages = list(listing.listed(cloud.s3, bucket, prefix, None))
    assert Counter(v["Key"] for page in pages for v in page.versions) == Counter(keys)
    assert len({page.versions[0]["Key"] for page in pages[:4] if page.versions}) == 4
