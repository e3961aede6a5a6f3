"""Two versions compared by a backfill on moto: what is said equals what its rows say."""

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import lambdas.backfill.handler
import lambdas.chunk.handler
from lambdas.api.backfills.routes import endpoints
from lambdas.api.resources import resources
from lambdas.backfill import merging
from lambdas.chunk.service import ChunkService
from tests.bad_models import FOR_SPECIAL, SPECIAL, bad_graph
from tests.images import bad_files, encode
from tests.integration.backfill_world import BUCKET, BackfillWorld, Hurried
from tests.integration.comparison_world import (
    BOTH,
    NEW,
    OLD,
    ComparisonWorld,
    check,
    comparison,
    fill,
)
from tests.integration.conftest import API, Cloud
from tests.integration.test_owners import ADMIN, ANN
from tests.tiny_model import write_tiny_artifact
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.store import BackfillStore
from visionflow.errors import ModelUnavailableError


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BackfillWorld:
    return ComparisonWorld(cloud, monkeypatch, tmp_path)


def test_what_two_versions_say_is_counted_and_shown(world: BackfillWorld) -> None:
    fill(world)
    view = world.run(models=BOTH)
    assert (view["state"], view["compares"]) == ("done", True)
    said = check(world, view["id"])
    assert (said["images"], said["failed"]["both"]) == (12, 3)
    agreement = {s["value"]: s["agreement"]["share"] for s in said["slices"] if s["by"] == "folder"}
    assert agreement["red"] == agreement["blue"] == 0.0
    # Each image that differs, once, with what both say.
    shown = {
        image["key"]: (image["old"]["label"], image["new"]["label"]) for image in said["examples"]
    }
    assert len(shown) == len(said["examples"]) == sum(c["images"] for c in said["confusion"])
    assert shown["uploads/old/red/0.jpg"] == ("red", "green")
    # Alike within a cluster; clusters take turns.
    assert sum(cluster["images"] for cluster in said["clusters"]) == len(shown)
    turns = [image["cluster"] for image in said["examples"]]
    assert turns[: len(said["clusters"])] == sorted(set(turns), key=turns.index)
    for cluster in said["clusters"]:
        assert said["examples"][cluster["example"]]["cluster"] == cluster["id"]


def test_calls_that_end_or_come_twice_add_each_image_once(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call dies when it has written its part and its rows, of which one says that the new
    version failed; the next call finds another answer, and both files stay. Of another chunk two
    calls are at work, and the slower one comes to its end with fewer images."""
    commit, write, task = BackfillStore.commit, ChunkService._write, world.tasks["ChunkFunction"]
    broken, late, failing, classify = [True], [True], [True], ChunkService._answers

    def fail_once(service: ChunkService, *given: Any) -> Any:
        found = classify(service, *given)
        if failing and failing.pop():
            found[0] = ModelUnavailableError("It was unwell.")
        return found

    def die_once(store: BackfillStore, *others: Any) -> bool:
        if broken and broken.pop():
            raise RuntimeError("Runtime exited")
        return commit(store, *others)

    def write_late(service: ChunkService, mine: Any, done: Any, began: float) -> None:
        if mine.number == 2 and late and late.pop():
            task({"backfill": mine.row.id, "execution": 1, "chunk": {"number": 2}})
            done = done[:2]
        write(service, mine, done, began)

    monkeypatch.setattr(BackfillStore, "commit", die_once)
    monkeypatch.setattr(ChunkService, "_write", write_late)
    monkeypatch.setattr(ChunkService, "_answers", fail_once)
    fill(world)
    view = world.run(models=BOTH)
    assert (view["state"], broken, late, failing) == ("done", [], [], [])
    assert check(world, view["id"])["failed"] == {"both": 3, "new": 1, "old": 0}


def test_a_chunk_that_stops_halfway_and_a_backfill_that_is_resumed_lose_nothing(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world)
    backfill_id = world.start(models=BOTH)
    work, seen = ChunkService.work, list[int]()

    def short(service: ChunkService, backfill: str, execution: int, number: int, _: float) -> int:
        ticks = itertools.count()
        hurried = replace(service, clock=lambda: float(next(ticks)))
        return work(hurried, backfill, execution, number, 6.0)

    def cancel(event: dict[str, Any]) -> bool:
        if "chunk" in event:
            seen.append(event["chunk"]["number"])
        if len(seen) == 2:
            world.post(f"/backfills/{backfill_id}/cancel")
        return False

    monkeypatch.setattr(ChunkService, "work", short)
    world.break_chunk(cancel, MemoryError())
    world.play()
    told = world.cloud.call("GET", f"/backfills/{backfill_id}/comparison")
    assert (told.status, told.body["code"]) == (409, "comparison_not_ready")
    assert world.post(f"/backfills/{backfill_id}/resume").status == 202
    world.play()
    assert world.get(backfill_id)["state"] == "done"
    assert len(seen) > 3
    check(world, backfill_id)


def test_parts_are_added_up_in_slices_and_a_slice_that_ends_changes_nothing(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call has time for one part; one ends when it has written how far it is, and another one
    before it."""
    monkeypatch.setattr(merging, "_AT_ONCE", 1)
    put, ends = ComparisonFiles.put_merged, [0]

    def end(files: ComparisonFiles, merged: Any) -> None:
        ends[0] += 1
        if ends[0] == 2:
            raise RuntimeError("Runtime exited")
        put(files, merged)
        if ends[0] == 4:
            raise RuntimeError("Runtime exited")

    monkeypatch.setattr(ComparisonFiles, "put_merged", end)
    step = world.tasks["BackfillFunction"]

    def hurried(event: dict[str, Any]) -> Any:
        if event["step"] != "compare":
            return step(event)
        return lambdas.backfill.handler.lambda_handler(event, Hurried())

    world.tasks["BackfillFunction"] = hurried
    fill(world)
    view = world.run(models=BOTH)
    assert (view["state"], ends[0] > 4) == ("done", True)
    assert world.machine.visited.count("Compare") == 3
    check(world, view["id"])


def test_a_comparison_that_is_paused_goes_on_from_there(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merging, "_AT_ONCE", 1)
    read, paused = ComparisonFiles.part, list[int]()

    def pause(files: ComparisonFiles, name: str) -> Any:
        if not paused:
            paused.append(world.post(f"/backfills/{files.id}/pause").status)
        return read(files, name)

    monkeypatch.setattr(ComparisonFiles, "part", pause)
    fill(world)
    view = world.run(models=BOTH)
    assert (view["state"], paused) == ("paused", [202])
    world.post(f"/backfills/{view['id']}/resume")
    world.play()
    assert world.get(view["id"])["state"] == "done"
    check(world, view["id"])


def test_an_image_that_one_version_fails_at_is_counted_as_that(
    world: BackfillWorld, tmp_path: Path
) -> None:
    """And a version whose labels are all others agrees about nothing but what is unknown."""
    graph = bad_graph(FOR_SPECIAL["not a number"]())
    labels = ("warm red", "lime", "navy")
    write_tiny_artifact(tmp_path / "3", "3", graph=graph, labels=labels)
    world.cloud.publish(tmp_path / "3", promote=False)
    fill(world)
    world.cloud.drop(
        "uploads/old/special.png", encode(Image.new("RGB", (64, 64), (SPECIAL, 0, 0)), "PNG")
    )
    world.cloud.messages()
    said = comparison(world, world.run(models=["tiny/3", OLD])["id"])
    assert said["failed"] == {"both": 3, "new": 1, "old": 0}
    assert (said["images"], said["unknown"]) == (12, {"both": 3, "new": 0, "old": 0})
    assert said["agreement"]["share"] == 3 / 12
    assert {(c["old"], c["new"]) for c in said["confusion"]} == {
        ("red", "warm red"),
        ("green", "lime"),
        ("blue", "navy"),
    }
    by_label = {one["label"]: one for one in said["labels"]}
    assert (by_label["navy"]["new"], by_label["navy"]["old"], by_label["navy"]["shift"]) == (
        3,
        0,
        None,
    )
    assert all(image["disagreement"] > 0.99 for image in said["examples"])
    # As the first one it is what failed; as the second the image is done.
    turned = comparison(world, world.run(models=[OLD, "tiny/3"])["id"])
    assert turned["failed"] == {"both": 3, "new": 0, "old": 1}


def test_a_parent_is_another_answer_than_its_label(world: BackfillWorld, tmp_path: Path) -> None:
    write_tiny_artifact(tmp_path / "4", "4", nested=True, unknown_threshold=0.99)
    world.cloud.publish(tmp_path / "4", promote=False)
    world.fill(2)
    said = comparison(world, world.run(models=["tiny/4", OLD])["id"])
    assert said["confusion"] == [{"old": "green", "new": "warm", "images": 1}]


def test_where_nothing_could_be_compared_the_comparison_says_so(world: BackfillWorld) -> None:
    empty = world.run(models=BOTH, source="s3://images/uploads/nothing/")
    for name, (data, _) in bad_files().items():
        world.cloud.drop(f"uploads/bad/{name}", data)
    poison = world.run(models=BOTH, source="s3://images/uploads/bad/")
    for view, failed in ((empty, 0), (poison, 3)):
        said = comparison(world, view["id"])
        assert (view["state"], said["images"], said["failed"]["both"]) == ("done", 0, failed)
        assert said["agreement"] == {"share": None, "low": 0.0, "high": 1.0}
        assert said["confidence"]["new_mean"] is None
        assert (said["examples"], said["clusters"], said["slices"]) == ([], [], [])


def test_one_version_has_no_comparison_and_who_sees_their_own_images_alone_none(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(1)
    one = world.run()
    assert one["compares"] is False
    path = f"/backfills/{one['id']}/comparison"
    told = world.cloud.call("GET", path)
    assert (told.status, told.body["code"]) == (404, "comparison_not_found")
    told = world.cloud.call("GET", "/backfills/none/comparison")
    assert (told.status, told.body["code"]) == (404, "backfill_not_found")
    two = world.run(models=BOTH)
    # One that was done before versions were compared.
    world.cloud.s3.delete_object(Bucket=BUCKET, Key=f"backfills/{two['id']}/comparison.json.gz")
    path = f"/backfills/{two['id']}/comparison"
    told = world.cloud.call("GET", path)
    assert (told.status, told.body["code"]) == (404, "comparison_not_found")
    assert world.cloud.call("GET", path, caller=ANN).status == 404
    for name, value in replace(API, own_records=1).to_env().items():
        monkeypatch.setenv(name, value)
    for cached in (resources, endpoints.service):
        cached.cache_clear()
    assert world.cloud.call("GET", path, caller=ANN).body["code"] == "forbidden"
    assert world.cloud.call("GET", path, caller=ADMIN).status == 404


@pytest.mark.parametrize(
    ("models", "code"),
    [
        ([NEW, "tiny/9"], "model_not_found"),
        ([NEW, NEW], "invalid_parameter"),
        ([NEW, OLD, "tiny/3"], "invalid_parameter"),
        ([NEW, "no version"], "invalid_parameter"),
    ],
)
def test_versions_that_cannot_be_compared_are_refused(
    world: BackfillWorld, models: list[str], code: str
) -> None:
    answer = world.post(source="s3://images/uploads/old/", models=models)
    assert answer.body["code"] == code
    records = world.post(source="s3://images/uploads/old/", models=BOTH, into="records")
    assert records.body["code"] == "invalid_parameter"


def test_a_comparison_that_lacks_an_image_is_not_shown_as_one_of_all(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(3)
    monkeypatch.setattr(BackfillStore, "parts", lambda *_: iter(()))
    view = world.run(models=BOTH)
    assert (view["state"], view["reason"]["code"]) == ("failed", "counts_differ")
    assert world.cloud.call("GET", f"/backfills/{view['id']}/comparison").status != 200
