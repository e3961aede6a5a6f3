"""Backfills on moto, by the real state machine: whole, killed, paused, over budget, refused."""

import gzip
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

import lambdas.backfill.handler
import lambdas.chunk.handler
from lambdas import clients
from lambdas.api.backfills.routes import endpoints
from lambdas.api.resources import resources
from lambdas.backfill.slices import Slice
from lambdas.chunk.service import ChunkService
from lambdas.chunk.versions import Versions
from tests.images import bad_files, encode, plain
from tests.integration.backfill_world import BUCKET, IMAGES, BackfillWorld, Hurried
from tests.integration.conftest import BACKFILLS, PLENTY, Cloud
from tests.jobs import make_buckets
from tests.tiny_model import write_tiny_artifact
from visionflow.access.quotas import Quotas
from visionflow.access.usage import UsageSettings
from visionflow.backfills import chunks, listing, sources
from visionflow.backfills.store import BackfillStore
from visionflow.models.ref import ModelRef
from visionflow.predictions.record import s3_object_id

KILLER = encode(plain("black"))


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> BackfillWorld:
    return BackfillWorld(cloud, monkeypatch)


def counts(view: dict[str, dict[str, int]]) -> tuple[int, ...]:
    progress = view["progress"]
    return tuple(progress[name] for name in ("listed", "ok", "unknown", "failed", "skipped"))


def test_images_become_rows_of_files_with_the_ids_of_records(world: BackfillWorld) -> None:
    world.fill(12)
    view = world.run()
    assert (view["state"], counts(view)) == ("done", (12, 12, 0, 0, 0))
    rows = world.rows(view["id"])
    assert len(rows) == len({row["key"] for row in rows}) == 12
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


def test_one_that_is_cancelled_and_resumed_does_each_image_once(world: BackfillWorld) -> None:
    world.fill(12)
    backfill_id = world.start()
    seen: list[int] = []

    def cancel(event: dict[str, Any]) -> bool:
        seen.append(event["chunk"]["number"])
        if len(seen) == 2:
            assert world.post(f"/backfills/{backfill_id}/cancel").status == 202
        return False

    world.break_chunk(cancel, MemoryError())
    world.play()
    view = world.get(backfill_id)
    assert (view["state"], view["progress"]["left"]) == ("cancelled", 7)
    assert world.post(f"/backfills/{backfill_id}/pause").body["code"] == "backfill_conflict"
    assert world.post(f"/backfills/{backfill_id}/resume").body["state"] == "running"
    world.play()
    view = world.get(backfill_id)
    assert (view["state"], counts(view)) == ("done", (12, 12, 0, 0, 0))
    rows = world.rows(backfill_id)
    assert len(rows) == len({row["key"] for row in rows}) == 12
    assert [event["state"] for event in view["history"]] == [
        *("listing", "running", "cancelled", "running", "done")
    ]
    assert world.post(f"/backfills/{backfill_id}/resume").status == 409


def test_only_what_failed_is_retried(world: BackfillWorld) -> None:
    world.fill(12)
    broken = [True]
    world.break_chunk(
        lambda event: broken[0] and event["chunk"]["number"] == 1, RuntimeError("throttled")
    )
    view = world.run()
    assert (view["state"], view["reason"]["code"]) == ("failed", "chunks_failed")
    assert view["progress"]["left"] == 5
    broken[0] = False
    done: list[int] = []

    def note(event: dict[str, Any]) -> bool:
        done.append(event["chunk"]["number"])
        return False

    world.break_chunk(note, MemoryError())
    assert world.post(f"/backfills/{view['id']}/retry").status == 202
    world.play()
    view = world.get(view["id"])
    assert (view["state"], counts(view), done) == ("done", (12, 12, 0, 0, 0), [1])


@pytest.mark.parametrize(("into", "killers"), [("files", 5), ("records", 1)])
def test_an_image_that_ends_its_workers_fails_alone(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch, into: str, killers: int
) -> None:
    """A worker that dies raises nothing: whatever it did before is not written either. Five in one
    chunk end more workers than a map starts."""
    monkeypatch.setattr(chunks, "LEAST_IMAGES", 20)
    world.fill(10)
    names = [f"uploads/old/killer{number}.jpg" for number in range(killers)]
    for name in names:
        world.cloud.drop(name, KILLER)
    classify = ChunkService._answers

    def fatal(service: ChunkService, data: bytes, *others: Any) -> Any:
        if data == KILLER:
            raise KeyboardInterrupt
        return classify(service, data, *others)

    monkeypatch.setattr(ChunkService, "_answers", fatal)
    task = world.tasks["ChunkFunction"]

    def call(event: dict[str, Any]) -> Any:
        try:
            return task(event)
        except KeyboardInterrupt as died:
            raise RuntimeError("Runtime exited") from died

    world.tasks["ChunkFunction"] = call
    view = world.run(into=into)
    assert (view["state"], counts(view)) == ("done", (10 + killers, 10, 0, killers, 0))
    assert view["progress"]["failed_codes"] == {"image_too_costly": killers}
    if into == "files":
        rows = world.rows(view["id"])
        assert [row["key"] for row in rows if row["status"] == "failed"] == names
    else:
        (failed,) = world.cloud.logs(status="failed")
        assert failed["image"]["key"] == names[0]
        assert len(world.cloud.logs()) == 11


def test_a_step_that_another_call_of_it_has_done_goes_by_what_that_wrote(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, so the state machine called again while it was at work."""
    world.fill(3)
    put, lost = BackfillStore._replace, [True]

    def lose_the_race(store: BackfillStore, row: Any, changed: Any) -> Any:
        found = put(store, row, changed)
        return put(store, row, changed) if lost and lost.pop() else found

    backfill_id = world.start()
    monkeypatch.setattr(BackfillStore, "_replace", lose_the_race)
    world.play()
    assert (world.get(backfill_id)["state"], world.machine.visited.count("Classify")) == ("done", 1)


def test_a_call_that_does_nothing_costs_too(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(1)
    broken, classify = [True], ChunkService._answers

    def answers(service: ChunkService, *others: Any) -> Any:
        if broken and broken.pop():
            raise RuntimeError("The platform is unwell.")
        return classify(service, *others)

    monkeypatch.setattr(ChunkService, "_answers", answers)
    view = world.run()
    spent, _ = lambdas.chunk.handler.service().store.spent(view["id"])
    assert (view["state"], spent.calls, spent.images) == ("done", 2, 1)


def test_a_note_that_cannot_be_removed_is_no_failure_of_the_version(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of processes that died before; the next try finds it gone."""
    world.fill(2)
    full, answered = [True], Versions.answered

    def fail_once(versions: Versions, model: ModelRef) -> None:
        if full and full.pop():
            raise OSError("no space left on device")
        answered(versions, model)

    monkeypatch.setattr(Versions, "answered", fail_once)
    blamed: list[object] = []
    monkeypatch.setattr(
        "lambdas.chunk.service.logger.exception", lambda *of, **_: blamed.append(of)
    )
    view = world.run()
    assert (view["state"], counts(view), blamed) == ("done", (2, 2, 0, 0, 0), [])


@pytest.mark.parametrize("into", ["files", "records"])
def test_a_worker_that_dies_after_its_work_changes_no_count(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch, into: str
) -> None:
    """It has written its images, and not that it has."""
    world.fill(10)
    commit, deaths = BackfillStore.commit, [0]

    def die_once(store: BackfillStore, *others: Any) -> bool:
        deaths[0] += 1
        if deaths[0] == 1:
            raise RuntimeError("Runtime exited")
        return commit(store, *others)

    monkeypatch.setattr(BackfillStore, "commit", die_once)
    view = world.run(into=into)
    assert (view["state"], counts(view)) == ("done", (10, 10, 0, 0, 0))
    found = world.rows(view["id"]) if into == "files" else world.cloud.logs()
    assert len(found) == 10


@pytest.mark.parametrize("into", ["files", "records"])
def test_two_calls_of_one_chunk_at_once_leave_each_result_once(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch, into: str
) -> None:
    """The slower one comes to its end with fewer images, when the faster one has done them all."""
    world.fill(5)
    write, task = ChunkService._write, world.tasks["ChunkFunction"]
    waiting = [True]

    def write_late(service: ChunkService, mine: Any, done: Any, began: float) -> None:
        if waiting and waiting.pop():
            task({"backfill": mine.row.id, "execution": 1, "chunk": {"number": mine.number}})
            done = done[:2]
        write(service, mine, done, began)

    monkeypatch.setattr(ChunkService, "_write", write_late)
    view = world.run(into=into)
    assert (view["state"], counts(view)) == ("done", (5, 5, 0, 0, 0))
    found = world.rows(view["id"]) if into == "files" else world.cloud.logs()
    assert len(found) == 5


def test_a_chunk_whose_time_is_over_goes_on_in_the_next_map(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(10)
    work = ChunkService.work

    def short(
        service: ChunkService, backfill_id: str, execution: int, number: int, _seconds: float
    ) -> int:
        ticks = itertools.count()
        hurried = replace(service, clock=lambda: float(next(ticks)))
        return work(hurried, backfill_id, execution, number, 6.0)

    monkeypatch.setattr(ChunkService, "work", short)
    view = world.run()
    assert (view["state"], counts(view)) == ("done", (10, 10, 0, 0, 0))
    assert world.machine.visited.count("Classify") > 1
    assert len({row["key"] for row in world.rows(view["id"])}) == 10


def test_a_spent_budget_stops_it_until_it_may_spend_more(world: BackfillWorld) -> None:
    world.fill(12)
    view = world.run(max_usd=1e-9)
    assert (view["state"], view["reason"]["code"]) == ("stopped", "budget_spent")
    assert view["progress"]["ok"] < 12
    again = f"/backfills/{view['id']}/resume"
    assert world.post(again).body["code"] == "invalid_parameter"
    assert world.post(again, max_usd=1.0).body["max_usd"] == 1.0
    world.play()
    assert counts(world.get(view["id"])) == (12, 12, 0, 0, 0)


def test_a_source_with_more_images_than_the_month_has_left_is_refused(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = UsageSettings.of("usage", Quotas(10**6, PLENTY, replace(PLENTY, images=30)))
    monkeypatch.setenv("VISIONFLOW_QUOTAS", quotas.quotas)
    for cached in (resources, endpoints.service, lambdas.backfill.handler.service):
        cached.cache_clear()
    world.fill(31)
    answer = world.post(source="s3://images/uploads/old/")
    assert (answer.status, answer.body["code"]) == (429, "quota_exceeded")
    asked = {"source": "s3://images/uploads/old/", "sample": 30, "key": "k"}
    view = world.run(**asked)
    assert view["state"] == "done"
    # What was classified is counted.
    assert world.post(source="s3://images/uploads/old/", sample=1).status == 429
    # Who asks again because an answer was lost needs no more of the quota.
    assert world.start(**asked) == view["id"]


def test_a_second_start_of_the_same_starts_nothing(world: BackfillWorld) -> None:
    world.fill(3)
    first = world.start()
    assert world.start() == first
    assert len(world.started) == 1
    # The state machine never heard of it: whoever called it died before.
    world.started.clear()
    world.names.clear()
    assert world.start() == first
    assert len(world.started) == 1
    world.play()
    assert world.start() != first  # the first has ended
    keyed = world.start(key="2025", sample=2)
    world.play()
    assert world.start(key="2025", sample=2) == keyed
    other = world.post(source="s3://images/uploads/old/", key="2025")
    assert (other.status, other.body["code"]) == (409, "backfill_conflict")


def test_a_dry_run_says_what_it_takes_and_starts_nothing(world: BackfillWorld) -> None:
    world.fill(7)
    answer = world.post(source="s3://images/uploads/old/", dry_run=True)
    assert (answer.status, answer.body["backfill"]) == (200, None)
    assert (answer.body["estimate"]["images"], answer.body["estimate"]["exact"]) == (7, True)
    assert answer.body["models"] == ["tiny/1"]
    assert world.cloud.call("GET", "/backfills").body == {"items": [], "next_cursor": None}
    assert world.started == []


def test_an_inventory_and_a_list_name_the_same_images(world: BackfillWorld) -> None:
    world.fill(6)
    keys = [f"uploads/old/{number:03}-red.jpg" for number in (0, 3)]
    text = gzip.compress("".join(f"images,{key}\n" for key in keys).encode())
    world.cloud.s3.put_object(Bucket=BUCKET, Key="sources/old.csv.gz", Body=text)
    listed = world.run(source=f"s3://{BUCKET}/sources/old.csv.gz")
    assert (listed["state"], counts(listed)) == ("done", (2, 2, 0, 0, 0))
    by_list = {row["key"]: row["prediction_id"] for row in world.rows(listed["id"])}
    assert sorted(by_list) == keys
    rows = "".join(
        f'"images","{quote_plus(v["Key"])}","{v["VersionId"]}","true","false","{v["Size"]}"\n'
        for v in world.cloud.s3.list_object_versions(Bucket="images")["Versions"]
    )
    world.cloud.s3.put_object(
        Bucket=BUCKET, Key="sources/d.csv.gz", Body=gzip.compress(rows.encode())
    )
    manifest = {
        "sourceBucket": "images",
        "destinationBucket": f"arn:aws:s3:::{BUCKET}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size",
        "files": [{"key": "sources/d.csv.gz", "size": 1, "MD5checksum": "x"}],
    }
    key = "sources/inventory/manifest.json"
    world.cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(manifest).encode())
    inventoried = world.run(source=f"s3://{BUCKET}/{key}")
    assert (inventoried["state"], counts(inventoried)) == ("done", (6, 6, 0, 0, 0))
    found = {row["key"]: row["prediction_id"] for row in world.rows(inventoried["id"])}
    assert {key: found[key] for key in keys} == by_list
    manifest["fileFormat"] = "Parquet"
    world.cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(manifest).encode())
    refused = world.post(source=f"s3://{BUCKET}/{key}", sample=1)
    assert (refused.status, refused.body["code"]) == (422, "backfill_refused")


def test_an_execution_that_was_ended_from_outside_fails_what_it_did(world: BackfillWorld) -> None:
    world.fill(3)
    backfill_id = world.start()
    (named,) = world.started
    event = {"detail": {"status": "ABORTED", "input": json.dumps(named)}}
    world.tasks["BackfillFunction"](event)
    view = world.get(backfill_id)
    assert (view["state"], view["reason"]["code"]) == ("failed", "execution_ended")
    world.started.clear()
    world.post(f"/backfills/{backfill_id}/retry")
    world.tasks["BackfillFunction"](event)  # of the execution before
    world.play()
    assert world.get(backfill_id)["state"] == "done"


@pytest.mark.parametrize("sample", [None, 4])
def test_a_long_listing_is_made_in_slices(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch, sample: int | None
) -> None:
    """Each call has time for one page of three; one is cut off when it has written its chunks."""
    monkeypatch.setattr(listing, "_LISTED", 3)
    listed, broken = BackfillStore.listed, [True]

    def die_once(store: BackfillStore, *others: Any, **changes: Any) -> Any:
        if broken.pop() if broken else False:
            raise RuntimeError("Runtime exited")
        return listed(store, *others, **changes)

    monkeypatch.setattr(BackfillStore, "listed", die_once)
    world.tasks["BackfillFunction"] = lambda event: lambdas.backfill.handler.lambda_handler(
        event, Hurried()
    )
    world.fill(10)
    view = world.run(sample=sample)
    images = sample or 10
    assert (view["state"], counts(view)) == ("done", (images, images, 0, 0, 0))
    assert world.machine.visited.count("List") == 4
    assert len({row["key"] for row in world.rows(view["id"])}) == images


def test_a_listing_ends_where_it_is_paused_and_goes_on_from_there(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would write into the chunks of the one that is resumed meanwhile."""
    monkeypatch.setattr(listing, "_LISTED", 3)
    world.fill(10)
    backfill_id = world.start()
    take, taken = Slice.take, [0]

    def pause(part: Slice, page: sources.Page) -> None:
        take(part, page)
        taken[0] += 1
        if taken[0] == 1:
            assert world.post(f"/backfills/{backfill_id}/pause").status == 202

    monkeypatch.setattr(Slice, "take", pause)
    world.play()
    assert (world.get(backfill_id)["state"], taken) == ("paused", [1])
    assert world.post(f"/backfills/{backfill_id}/resume").status == 202
    world.play()
    view = world.get(backfill_id)
    assert (view["state"], counts(view)) == ("done", (10, 10, 0, 0, 0))


def test_another_bucket_is_read_by_its_owners_role(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_buckets("theirs")
    world.cloud.s3.put_object(Bucket="theirs", Key="photos/red.jpg", Body=IMAGES["red"])
    asked = {
        "source": "s3://theirs/photos/",
        "role": "arn:aws:iam::123456789012:role/VisionFlowRead",
    }
    assumed: list[tuple[str, str]] = []

    def s3_as(role: str, external_id: str) -> Any:
        assumed.append((role, external_id))
        return assume(role, external_id)

    assume = clients.s3_as
    monkeypatch.setattr(clients, "s3_as", s3_as)
    view = world.run(**asked)
    assert (view["state"], counts(view)) == ("done", (1, 1, 0, 0, 0))
    # The API counts, one function lists and the other reads.
    assert assumed == [(asked["role"], BACKFILLS.external_id)] * 3
    (row,) = world.rows(view["id"])
    # Without versions an object is known by its ETag, as in the queue's bucket.
    assert (row["bucket"], row["version_id"], row["label"]) == ("theirs", None, "red")
    assert row["prediction_id"] == s3_object_id("theirs", "photos/red.jpg", row["etag"])
    assert world.post(**{**asked, "into": "records"}).body["code"] == "invalid_parameter"
