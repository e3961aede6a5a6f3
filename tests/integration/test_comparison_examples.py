"""Thumbnails of a comparison's examples: drawn once, and erased with their image."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lambdas.backfill.handler
import lambdas.chunk.handler
from lambdas.classification.decoder import Decoder
from tests.integration.backfill_world import IMAGES, BackfillWorld, Hurried
from tests.integration.comparison_world import BOTH, ComparisonWorld, comparison, fill
from tests.integration.conftest import Cloud
from tests.integration.test_erasure import erase, objects
from tests.integration.test_owners import ANN, form_of, predict
from tests.jobs import make_buckets
from visionflow.backfills.comparison.files import ComparisonFiles
from visionflow.backfills.store import BackfillStore
from visionflow.errors import BackfillRefusedError
from visionflow.images.store import ImageStore

SENT = {"sent": "api/", "posted": "uploads/"}


@pytest.fixture
def world(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BackfillWorld:
    return ComparisonWorld(cloud, monkeypatch, tmp_path)


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
    assert {image["prediction_id"] for image in shown.values()} == {None}
    (old,) = world.cloud.logs()
    versions = world.cloud.s3.list_object_versions(Bucket="images", Prefix=key)["Versions"]
    assert shown[key]["version_id"] == next(v["VersionId"] for v in versions if v["IsLatest"])
    # The record is of the version before; erasing it takes nothing from the one that is shown.
    assert erase(world.cloud, old["id"]).status == 200
    again = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert again[key]["thumbnail"]
    world.run(into="records")
    recorded = {log["image"]["key"]: log["id"] for log in world.cloud.logs()}
    again = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert {name: again[name]["prediction_id"] for name in shown} == {
        name: recorded[name] for name in shown
    }
    assert erase(world.cloud, recorded[key]).status == 200
    after = {image["key"]: image for image in comparison(world, backfill_id)["examples"]}
    assert [name for name, image in after.items() if image["prediction_id"] is None] == [key]
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
    assert shown["prediction_id"] == record
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


@pytest.mark.parametrize("lost", ["object", "bucket", "role"])
def test_what_its_owner_takes_back_after_it_was_compared_has_no_thumbnail(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """And the comparison stands, for everything is answered by then."""
    s3 = world.cloud.s3
    make_buckets("theirs")
    s3.put_object(Bucket="theirs", Key="api/red.jpg", Body=IMAGES["red"])
    write = ComparisonFiles.write

    def refuse(*_: Any) -> Any:
        if lost == "role":
            raise BackfillRefusedError("The role lets nobody in.")
        raise s3.exceptions.ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    def lose(files: ComparisonFiles, comparison: Any) -> None:
        write(files, comparison)
        if lost == "object":
            monkeypatch.setattr(ImageStore, "fetch", refuse)
        elif lost == "role":
            monkeypatch.setattr("lambdas.clients.s3_as", refuse)
        else:
            s3.delete_object(Bucket="theirs", Key="api/red.jpg")
            s3.delete_bucket(Bucket="theirs")

    monkeypatch.setattr(ComparisonFiles, "write", lose)
    monkeypatch.setattr("lambdas.chunk.again._FIRST_WAIT_S", 0)
    role = "arn:aws:iam::123456789012:role/VisionFlowRead"
    view = world.run(models=BOTH, source="s3://theirs/api/", role=role)
    assert view["state"] == "done"
    (shown,) = comparison(world, view["id"])["examples"]
    assert shown["thumbnail"] is None


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
