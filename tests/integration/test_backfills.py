"""Backfills on moto, by the real state machine: whole, killed, paused, over budget, refused."""

from pathlib import Path

import pytest

from tests.images import bad_files
from tests.integration.backfill_world import BUCKET, BackfillWorld
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> BackfillWorld:
    return BackfillWorld(cloud, monkeypatch)


def counts(view: dict[str, dict[str, int]]) -> tuple[int, ...]:
    progress = view["progress"]
    return tuple(progress[name] for name in ("listed", "ok", "unknown", "failed", "skipped"))


def test_images_become_rows_of_files_with_the_ids_of_records(world: BackfillWorld) -> None:
    world.fill(60)
    view = world.run()
    assert (view["state"], counts(view)) == ("done", (60, 60, 0, 0, 0))
    rows = world.rows(view["id"])
    assert len(rows) == len({row["key"] for row in rows}) == 60
    assert all(row["label"] in row["key"] and row["model"] == "tiny/1" for row in rows)
    assert view["progress"]["chunks"] == view["progress"]["chunks_done"] == 3
    # What the queue would have made of the same image.
    world.cloud.drop("uploads/old/000-red.jpg", b"another")
    versions = world.cloud.s3.list_object_versions(Bucket="images")["Versions"]
    first = next(v for v in versions if v["Key"] == rows[0]["key"] and not v["IsLatest"])
    assert rows[0]["version_id"] == first["VersionId"]
    assert view["results"]["location"] == f"s3://{BUCKET}/backfills/{view['id']}/results/"
    assert world.cloud.logs() == []


def test_images_become_the_records_that_the_queue_would_have_made(world: BackfillWorld) -> None:
    world.fill(5)
    world.cloud.drop("uploads/old/x-red.jpg", b"")
    world.cloud.deliver(world.cloud.messages())  # one of them has its record
    (before,) = world.cloud.logs()
    view = world.run(into="records")
    assert (view["state"], counts(view)) == ("done", (6, 5, 0, 0, 1))
    logs = world.cloud.logs()
    assert len(logs) == 6
    assert before in logs
    assert {log["source"] for log in logs} == {"s3"}
    # A second one finds them all.
    again = world.run(into="records")
    assert (again["state"], counts(again)) == ("done", (6, 0, 0, 0, 6))
    assert len(world.cloud.logs()) == 6


@pytest.mark.parametrize("into", ["files", "records"])
def test_what_can_never_be_classified_fails_and_nothing_else(
    world: BackfillWorld, into: str
) -> None:
    world.fill(10)
    for name, (data, _) in bad_files().items():
        world.cloud.drop(f"uploads/old/{name}", data)
    view = world.run(into=into)
    # A name that no image has is passed over.
    codes = {code: 1 for name, (_, code) in bad_files().items() if name != "notes.txt"}
    assert (view["state"], counts(view)) == ("done", (13, 10, 0, 3, 0))
    assert view["progress"]["failed_codes"] == codes
    assert view["progress"]["not_images"] == 1
    if into == "files":
        found = [row["error_code"] for row in world.rows(view["id"]) if row["status"] == "failed"]
    else:
        found = [log["error"]["code"] for log in world.cloud.logs(status="failed")]
    assert sorted(found) == sorted(codes)


def test_two_versions_answer_each_image(world: BackfillWorld, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "2", "2", turned=True)
    world.cloud.publish(tmp_path / "2", promote=False)
    world.fill(4)
    view = world.run(models=["tiny/1", "tiny/2"])
    rows = world.rows(view["id"])
    assert counts(view) == (4, 4, 0, 0, 0)
    assert len(rows) == 8
    by_model = {(row["model"], row["key"]): row["label"] for row in rows}
    assert by_model["tiny/2", "uploads/old/000-red.jpg"] == "green"
    assert by_model["tiny/1", "uploads/old/000-red.jpg"] == "red"
