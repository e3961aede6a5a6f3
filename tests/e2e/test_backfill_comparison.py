"""Two versions compared on the local cloud, two of whose workers are killed."""

import json
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.e2e import backfill
from tests.e2e.cloud import Cloud
from tests.e2e.conftest import visionflow

pytestmark = pytest.mark.e2e

IMAGES, POISON, KILLS = 40, 0.1, 2
PREFIX = "uploads/compared/"
# One row for each image that both versions have answered; null is unknown.
BOTH = """
CREATE TABLE compared AS
WITH results AS (
    SELECT *, CASE WHEN status = 'ok' THEN label END AS said FROM '{folder}/*.parquet'
    WHERE status <> 'failed'
)
SELECT key, old.said AS old, new.said AS new, new.confidence AS sure, old.confidence AS was,
       map(old.top_labels, old.top_confidences) AS old_scores,
       map(new.top_labels, new.top_confidences) AS new_scores
FROM results AS new JOIN results AS old USING (bucket, key, version_id)
WHERE new.model = '{new}' AND old.model = '{old}'
"""
SUMS = """
SELECT count(*), avg((old IS NOT DISTINCT FROM new)::INT), avg(sure), avg(was),
       count_if(old IS NULL AND new IS NULL), count_if(new IS NULL AND old IS NOT NULL),
       count_if(old IS NULL AND new IS NOT NULL)
FROM compared
"""
CELLS = """
SELECT old, new, count(*) FROM compared WHERE old IS DISTINCT FROM new GROUP BY ALL
"""
LABELS = """
SELECT label, count_if(new = label), count_if(old = label), count_if(new = label AND old = label)
FROM compared, (SELECT unnest(['red', 'green', 'blue']) AS label) GROUP BY label
"""


def test_a_comparison_says_what_the_files_say(cloud: Cloud, tmp_path: Path) -> None:
    new, old = backfill.publish_two(cloud, "compared", tmp_path / "models")
    images = [
        replace(image, key=image.key.replace(PREFIX, f"{PREFIX}{number % 3}/"))
        for number, image in enumerate(backfill.images(backfill.coloured(IMAGES), PREFIX, POISON))
    ]
    with backfill.unannounced(cloud):
        dropped = backfill.drop(cloud, images)
    found = backfill.run(cloud, dropped, PREFIX, into="files", kills=KILLS, models=[new, old])
    view = found.view
    assert view["state"] == "done", view
    assert (found.missing, found.wrong) == (0, 0)
    assert found.faults["killed before the write"] == found.faults["killed after the write"] == 1
    said = cloud.call("GET", f"/backfills/{view['id']}/comparison").body
    files = tmp_path / "files"
    files.mkdir()
    backfill.download(cloud, view, files)
    database = duckdb.connect()
    database.execute(BOTH.format(folder=files, new=new, old=old))
    check(said, database)
    poison = sum(image.code is not None for image in images)
    assert said["failed"] == {"both": poison, "new": 0, "old": 0}
    assert said["images"] == IMAGES - poison
    folders = {one["value"]: one["images"] for one in said["slices"] if one["by"] == "folder"}
    assert sorted(folders) == ["0", "1", "2"]
    for image in said["examples"]:
        with urllib.request.urlopen(image["thumbnail"]) as opened:  # noqa: S310  of the local cloud
            assert opened.read(2) == b"\xff\xd8"
    told = visionflow("backfill", "show", view["id"], state=cloud.state)
    assert f"agreement: {said['agreement']['share']:.1%}" in told.stdout, told.stderr
    told = visionflow("backfill", "show", view["id"], "--json", state=cloud.state)
    assert json.loads(told.stdout)["comparison"]["confusion"] == said["confusion"]


def check(said: dict[str, Any], database: duckdb.DuckDBPyConnection) -> None:
    """``said`` is what DuckDB finds in the rows."""
    unknown, confidence = said["unknown"], said["confidence"]
    means = said["agreement"]["share"], confidence["new_mean"], confidence["old_mean"]
    assert database.execute(SUMS).fetchone() == (
        said["images"],
        *map(pytest.approx, means),
        *(unknown["both"], unknown["new"], unknown["old"]),
    )
    cells = {(old, new): images for old, new, images in database.execute(CELLS).fetchall()}
    assert {(one["old"], one["new"]): one["images"] for one in said["confusion"]} == cells
    labels = [(one["label"], one["new"], one["old"], one["both"]) for one in said["labels"]]
    assert sorted(labels) == sorted(database.execute(LABELS).fetchall())
    rows = database.execute("SELECT key, old, new, old_scores, new_scores FROM compared").fetchall()
    apart = {key: distance(*row) for key, *row in rows if row[0] != row[1]}
    shown = {image["key"]: image["disagreement"] for image in said["examples"]}
    assert shown == {key: pytest.approx(apart[key], abs=1e-6) for key in shown}
    assert max(shown.values()) == pytest.approx(max(apart.values()), abs=1e-6)


def distance(
    old: str | None, new: str | None, was: dict[str, float], now: dict[str, float]
) -> float:
    """Total variation, half of an unknown answer being unknown."""
    left, right = (0.5 if one is None else 1.0 for one in (old, new))
    apart = sum(abs(left * was[label] - right * now[label]) for label in was)
    return (apart + abs(left - right)) / 2
