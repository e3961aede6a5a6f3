"""Two versions on moto, images to compare them by, and what the rows of results say of both."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.images import bad_files, encode, plain
from tests.integration.backfill_world import IMAGES, BackfillWorld
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact
from visionflow.insights.intervals import share

NEW, OLD = "tiny/2", "tiny/1"
BOTH = [NEW, OLD]


class ComparisonWorld(BackfillWorld):
    """The new version answers red as green, green as blue, and blue as red; images of one colour
    are in folders of their own."""

    def __init__(self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        super().__init__(cloud, monkeypatch)
        write_tiny_artifact(folder / "2", "2", turned=True)
        cloud.publish(folder / "2", promote=False)


def fill(world: BackfillWorld) -> None:
    """Twelve images that are read and three that never are; grey is answered alike."""
    for number in range(9):
        colour = list(IMAGES)[number % len(IMAGES)]
        world.cloud.drop(f"uploads/old/{colour}/{number}.jpg", IMAGES[colour])
    for number in range(3):
        world.cloud.drop(f"uploads/old/{number}.jpg", encode(plain("gray")))
    for name, (data, _) in bad_files().items():
        world.cloud.drop(f"uploads/old/bad/{name}", data)
    world.cloud.messages()


def comparison(world: BackfillWorld, backfill_id: str) -> Any:
    answer = world.cloud.call("GET", f"/backfills/{backfill_id}/comparison")
    assert answer.status == 200, answer.body
    return answer.body


def from_rows(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What the rows of the files say, counted here on its own."""
    pairs: dict[str, dict[str, Any]] = {}
    for row in rows:
        pairs.setdefault(row["key"], {})[row["model"]] = row
    both = [
        (pair[OLD], pair[NEW])
        for pair in pairs.values()
        if all(row["status"] != "failed" for row in pair.values())
    ]
    said = [tuple(r["label"] if r["status"] == "ok" else None for r in pair) for pair in both]
    alike = sum(old == new for old, new in said)
    found = share(alike, len(both))
    return {
        "images": len(both),
        "failed": {
            name: sum(
                [pair[NEW]["status"] == "failed", pair[OLD]["status"] == "failed"] == which
                for pair in pairs.values()
            )
            for name, which in {
                "both": [True, True],
                "new": [True, False],
                "old": [False, True],
            }.items()
        },
        "agreement": (found.accuracy, found.low, found.high),
        "confusion": Counter(pair for pair in said if pair[0] != pair[1]),
        "old": Counter(old for old, _ in said if old),
        "new": Counter(new for _, new in said if new),
        "unknown": sum(pair == (None, None) for pair in said),
        "means": tuple(
            pytest.approx(sum(pair[at]["confidence"] for pair in both) / len(both)) for at in (1, 0)
        ),
    }


def check(world: BackfillWorld, backfill_id: str) -> Any:
    """The comparison, which equals what the rows say."""
    said, counted = comparison(world, backfill_id), from_rows(world.rows(backfill_id))
    assert (said["new"], said["old"]) == (NEW, OLD)
    assert said["images"] == counted["images"]
    assert said["failed"] == counted["failed"]
    assert tuple(said["agreement"].values()) == counted["agreement"]
    confusion = {(cell["old"], cell["new"]): cell["images"] for cell in said["confusion"]}
    assert confusion == counted["confusion"]
    assert {one["label"]: one["new"] for one in said["labels"] if one["new"]} == counted["new"]
    assert {one["label"]: one["old"] for one in said["labels"] if one["old"]} == counted["old"]
    assert said["unknown"]["both"] == counted["unknown"]
    assert (said["confidence"]["new_mean"], said["confidence"]["old_mean"]) == counted["means"]
    assert sum(said["confidence"]["counts"]) == said["images"]
    for by in ("folder", "size", "confidence"):
        assert sum(s["images"] for s in said["slices"] if s["by"] == by) == said["images"]
    return said
