"""Two versions compared by a backfill on moto: what is said equals what its rows say."""

import itertools
from collections import Counter
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
from lambdas.classification.decoder import Decoder
from tests.bad_models import FOR_SPECIAL, SPECIAL, bad_graph
from tests.images import bad_files, encode, plain
from tests.integration.backfill_world import BUCKET, IMAGES, BackfillWorld, Hurried
from tests.integration.conftest import API, Cloud
from tests.integration.test_erasure import erase, objects
from tests.integration.test_owners import ADMIN, ANN, form_of, predict
from tests.jobs import make_buckets
from tests.tiny_model import write_tiny_artifact
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.store import BackfillStore
from visionflow.images.store import ImageStore
from visionflow.insights.intervals import share

NEW, OLD = "tiny/2", "tiny/1"
BOTH = [NEW, OLD]
SENT = {"sent": "api/", "posted": "uploads/"}


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BackfillWorld:
    """The new version answers red as green, green as blue, and blue as red; images of one colour
    are in folders of their own."""
    found = BackfillWorld(cloud, monkeypatch)
    write_tiny_artifact(tmp_path / "2", "2", turned=True)
    cloud.publish(tmp_path / "2", promote=False)
    return found


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
        "failed": sum(
            pair[OLD]["status"] == pair[NEW]["status"] == "failed" for pair in pairs.values()
        ),
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
    assert said["failed"] == {"both": counted["failed"], "new": 0, "old": 0}
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
    """One call dies when it has written its part and its rows; of another chunk two are at work,
    and the slower one comes to its end with fewer images and other answers."""
    commit, write, task = BackfillStore.commit, ChunkService._write, world.tasks["ChunkFunction"]
    broken, late = [True], [True]

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
    fill(world)
    view = world.run(models=BOTH)
    assert (view["state"], broken, late) == ("done", [], [])
    check(world, view["id"])


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


def test_thumbnails_open_until_their_image_is_erased(world: BackfillWorld) -> None:
    key = "uploads/old/red/0.jpg"
    world.cloud.drop(key, IMAGES["red"])
    world.cloud.deliver(world.cloud.messages())  # it has a record
    fill(world)
    backfill_id = world.run(models=BOTH)["id"]
    shown = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert all(image["thumbnail"] for image in shown.values())
    thumbnails = {name for name in objects(world.cloud) if name.startswith("thumbnails/")}
    assert len(thumbnails) == len(shown)
    (old,) = world.cloud.logs()
    versions = world.cloud.s3.list_object_versions(Bucket="images", Prefix=key)["Versions"]
    assert shown[key]["version_id"] == next(v["VersionId"] for v in versions if v["IsLatest"])
    # The record is of the version before; erasing it takes nothing from the one that is shown.
    assert erase(world.cloud, old["id"]).status == 200
    again = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert again[key]["thumbnail"]
    world.run(into="records")
    record = next(log for log in world.cloud.logs() if log["image"]["key"] == key)
    assert erase(world.cloud, record["id"]).status == 200
    after = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert [name for name, image in after.items() if image["thumbnail"] is None] == [key]
    assert len(objects(world.cloud) & thumbnails) == len(thumbnails) - 1


@pytest.mark.parametrize("way", ["sent", "posted"])
def test_the_thumbnail_of_an_image_that_somebody_sent_is_erased_with_it(
    world: BackfillWorld, way: str
) -> None:
    """Its record has an id that its sender knows, and not the one of its version."""
    cloud = world.cloud
    if way == "sent":
        record = predict(cloud, ANN).body["id"]
    else:
        form = form_of(cloud, ANN)
        owner = {"owner": form["headers"]["x-amz-meta-owner"]}
        cloud.s3.put_object(Bucket="images", Key=form["key"], Body=IMAGES["red"], Metadata=owner)
        cloud.deliver(cloud.messages())
        (record,) = (log["id"] for log in cloud.logs())
    backfill_id = world.run(models=BOTH, source=f"s3://images/{SENT[way]}")["id"]
    (shown,) = comparison(world, backfill_id)["examples"]
    assert shown["thumbnail"]
    assert erase(cloud, record).status == 200
    (shown,) = comparison(world, backfill_id)["examples"]
    assert shown["thumbnail"] is None
    assert objects(cloud) == set()


def test_images_of_another_bucket_are_drawn_by_its_owners_role(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for one that was replaced before it was drawn."""
    make_buckets("theirs")
    for name in ("api/red.jpg", "api/blue.jpg"):
        data = IMAGES[Path(name).stem]
        world.cloud.s3.put_object(Bucket="theirs", Key=name, Body=data)
    role = "arn:aws:iam::123456789012:role/VisionFlowRead"
    write = ComparisonFiles.write

    def replace_one(files: ComparisonFiles, comparison: Any) -> None:
        write(files, comparison)
        world.cloud.s3.put_object(Bucket="theirs", Key="api/blue.jpg", Body=IMAGES["green"])

    monkeypatch.setattr(ComparisonFiles, "write", replace_one)
    view = world.run(models=BOTH, source="s3://theirs/api/", role=role)
    shown = {one["key"]: one["thumbnail"] for one in comparison(world, view["id"])["examples"]}
    assert set(shown) == {"api/red.jpg", "api/blue.jpg"}
    assert shown["api/red.jpg"]
    assert shown["api/blue.jpg"] is None


def test_an_image_that_is_erased_while_it_is_drawn_leaves_no_thumbnail(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(3)
    write = ImageStore.write

    def erase_first(store: ImageStore, key: str, data: bytes, kind: str) -> str | None:
        for version in world.cloud.s3.list_object_versions(Bucket="images")["Versions"]:
            if version["Key"].startswith("uploads/"):
                store.erase(version["Key"])
        return write(store, key, data, kind)

    monkeypatch.setattr(ImageStore, "write", erase_first)
    view = world.run(models=BOTH)
    assert [image["thumbnail"] for image in comparison(world, view["id"])["examples"]] == [None] * 3
    assert objects(world.cloud) == set()


def test_drawing_goes_on_in_another_call_and_is_wanted_only_once(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, drawn = world.tasks["ChunkFunction"], list[int]()

    def hurried(event: dict[str, Any]) -> Any:
        if "draw" not in event:
            return task(event)
        drawn.append(event["draw"]["begin"])
        return lambdas.chunk.handler.lambda_handler(event, Hurried())

    world.tasks["ChunkFunction"] = hurried
    world.fill(3)
    view = world.run(models=BOTH)
    assert (view["state"], drawn) == ("done", [0, 1, 2])
    urls = [image["thumbnail"] for image in comparison(world, view["id"])["examples"]]
    assert len(set(urls) - {None}) == 3
    monkeypatch.setattr(Decoder, "prepare", None)  # they are there already
    drawer = lambdas.chunk.handler.drawer()
    row = replace(drawer.store.get(view["id"]), state="running")
    monkeypatch.setattr(BackfillStore, "get", lambda *_: row)
    assert drawer.draw(view["id"], 1, 0, 60.0) is None


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
