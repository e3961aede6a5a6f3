"""Images that arrive in a dataset, on moto: each is curated once, however often it comes."""

import copy
import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from unittest.mock import Mock

import boto3
import numpy as np
import pytest
from PIL import Image

import infra
import lambdas.curate.handler
from lambdas.classification.decoder import Decoder
from lambdas.classification.settings import MAX_RECEIVE_COUNT
from lambdas.curate.service import CurateService, dropped
from lambdas.curate.settings import CurateSettings
from tests.images import bad_files, encode
from tests.integration.conftest import Context, taken_from
from visionflow.datasets import comparison
from visionflow.datasets.changes import ClassChange, ImageChange
from visionflow.datasets.images.curation import ImageCuration
from visionflow.datasets.names import content_key, source_of
from visionflow.datasets.record import Dataset, DatasetClass, DatasetImage
from visionflow.datasets.store import DatasetStore
from visionflow.errors import InputError
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage
from visionflow.images.store import ImageStore
from visionflow.insights.copies import DatasetCopies

NAME = "pets"
SAMPLES = Path(infra.__file__).parent / "samples"
CAT = (SAMPLES / "cat.jpg").read_bytes()
DOG = (SAMPLES / "moose.jpg").read_bytes()
WHEN = "2026-01-01T00:00:00.000000Z"
STARTED = datetime(2026, 1, 1, tzinfo=UTC)

Message = dict[str, Any]


class Shelf:
    """A bucket of datasets with its queue and table, and the function between them."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.dynamodb = boto3.client("dynamodb")
        self.s3.create_bucket(
            Bucket="datasets", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        self.queue = self.sqs.create_queue(QueueName="curation")["QueueUrl"]
        configurations: list[Any] = [
            {
                "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:curation",
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
            }
            for prefix in ("content/", "datasets/")
        ]
        self.s3.put_bucket_notification_configuration(
            Bucket="datasets", NotificationConfiguration={"QueueConfigurations": configurations}
        )
        self.sqs.purge_queue(QueueUrl=self.queue)  # of the event that tests the notification
        kinds: tuple[Literal["HASH", "RANGE"], ...] = ("HASH", "RANGE")
        for table, keys in {"datasets": ("pk", "sk"), "predictions": ("id",)}.items():
            self.dynamodb.create_table(
                TableName=table,
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}
                    for key, kind in zip(keys, kinds, strict=False)
                ],
                AttributeDefinitions=[{"AttributeName": k, "AttributeType": "S"} for k in keys],
            )
        self.store = DatasetStore("datasets", self.dynamodb)
        self.examined = 0

    def announce(self, *files: bytes, label: str | None = "cat") -> list[str]:
        images = [pending(data, label) for data in files]
        self.store.images.announce(NAME, images)
        return [image.sha256 for image in images]

    def put(self, data: bytes, key: str | None = None) -> None:
        key = key or content_key(NAME, hashlib.sha256(data).hexdigest())
        self.s3.put_object(Bucket="datasets", Key=key, Body=data)

    def messages(self) -> list[Message]:
        return taken_from(self.queue, self.sqs)

    def deliver(self, messages: list[Message], count: int = 1) -> list[str]:
        """The ids of the messages that SQS would deliver again."""
        records = copy.deepcopy(messages)
        for record in records:
            record["attributes"]["ApproximateReceiveCount"] = str(count)
            self.examined += "examine" in json.loads(record["body"])
        answer = lambdas.curate.handler.lambda_handler({"Records": records}, Context())
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def run(self) -> None:
        """Deliver until nothing is left."""
        while messages := self.messages():
            assert self.deliver(messages) == []

    def keys(self) -> list[str]:
        found = self.s3.list_objects_v2(Bucket="datasets").get("Contents", [])
        return [entry["Key"] for entry in found]

    def rows(self) -> dict[str, DatasetImage]:
        return {image.sha256: image for image in self.store.images.all(NAME)}


def pending(data: bytes, label: str | None = "cat") -> DatasetImage:
    return DatasetImage(
        sha256=hashlib.sha256(data).hexdigest(),
        state="pending",
        added_at=WHEN,
        added_by="ada",
        source="upload",
        bytes=len(data),
        file_name="a.jpg",
        label=label,
        labelled_by="ada" if label else None,
    )


@pytest.fixture
def shelf(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    # Its own messages are there at once.
    monkeypatch.setattr("visionflow.loop.curation_queue.QUIET_S", 0)
    shelf = Shelf()
    settings = CurateSettings(
        "datasets", "datasets", shelf.queue, "predictions", "audit", "usage", "instant", 1
    )
    for name, value in settings.to_env().items():
        monkeypatch.setenv(name, value)
    shelf.store.create(
        Dataset(
            name=NAME,
            created_at=WHEN,
            created_by="ada",
            classes=(DatasetClass(name="cat"), DatasetClass(name="dog")),
        )
    )
    yield shelf
    for cached in ("settings", "service", "queue", "attempts"):
        getattr(lambdas.curate.handler, cached).cache_clear()


def test_an_image_is_curated_when_it_arrives(shelf: Shelf) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    shelf.run()
    image = shelf.rows()[sha256]
    assert (image.state, image.label, image.width, image.height) == ("ready", "cat", 451, 300)
    assert (image.group, image.source, image.added_by) == (sha256, "upload", "ada")
    ((found, content),) = shelf.store.curation.contents(NAME, [sha256])
    assert found == sha256
    assert len(content.embedding) == 2 * 2 * 1280
    assert np.isfinite(np.frombuffer(content.embedding, "<f2")).all()
    assert max(Image.open(io.BytesIO(content.thumbnail)).size) == 96
    health = shelf.store.health(NAME)
    assert health is not None
    assert (health.images, health.labelled, health.pending) == (1, 1, 0)


def test_what_is_delivered_twice_and_at_once_is_written_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second worker looks before the first has written, so only the condition can stop it."""
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    messages = shelf.messages()
    curated = ImageCuration.curated
    results = []

    def late(store: ImageCuration, *given: Any) -> bool:
        with monkeypatch.context() as patch:
            patch.setattr(ImageCuration, "curated", curated)
            assert shelf.deliver(messages) == []
        results.append(curated(store, *given))
        return results[-1]

    with monkeypatch.context() as patch:
        patch.setattr(ImageCuration, "curated", late)
        assert shelf.deliver(messages) == []
    assert results == [False]
    assert shelf.deliver(messages, count=2) == []
    assert shelf.rows()[sha256].state == "ready"


@pytest.mark.parametrize("written", ["nothing", "content", "facts"])
def test_a_worker_that_is_killed_leaves_the_image_to_the_next_delivery(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    """The content is written first, then the facts, then the message is deleted."""
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    messages = shelf.messages()
    curated = ImageCuration.curated

    def dying(store: ImageCuration, *given: Any) -> bool:
        with monkeypatch.context() as patch:
            if written == "content":
                patch.setattr(ImageCuration, "_update", killed)
            if written != "nothing":
                curated(store, *given)
        return killed()

    def killed(*_: Any) -> bool:
        raise SystemExit("killed")

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(ImageCuration, "curated", dying)
        shelf.deliver(messages)
    assert shelf.rows()[sha256].state == ("ready" if written == "facts" else "pending")

    assert shelf.deliver(messages, count=2) == []
    assert shelf.rows()[sha256].state == "ready"
    assert len(list(shelf.store.curation.contents(NAME, [sha256]))) == 1


def test_a_label_that_is_given_while_an_image_is_pending_survives(shelf: Shelf) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    change = ImageChange(sha256=sha256, label="dog", removed=True, part="test")
    assert shelf.store.images.change(NAME, [change], "eve") == 1
    shelf.run()
    image = shelf.rows()[sha256]
    assert (image.state, image.label, image.labelled_by) == ("ready", "dog", "eve")
    assert (image.removed, image.part) == (True, "test")


@pytest.mark.parametrize("name", bad_files())
def test_an_image_that_cannot_be_decoded_is_unreadable_and_holds_nothing_up(
    shelf: Shelf, name: str
) -> None:
    data, code = bad_files()[name]
    bad, good = shelf.announce(data, CAT)
    shelf.put(data)
    shelf.put(CAT)
    shelf.run()
    error = shelf.rows()[bad].error
    assert shelf.rows()[bad].state == "unreadable"
    assert error is not None
    assert error[0] == code
    assert shelf.rows()[good].state == "ready"


def test_an_image_that_ends_its_decoder_is_too_costly(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(data: bytes, spec: InputSpec) -> DecodedImage:
        if data == CAT:
            os.abort()
        return pipeline.decode(data, spec)

    decoder = Decoder(decode=decode)
    monkeypatch.setitem(vars(lambdas.curate.handler.service()), "decoder", decoder)
    killer, innocent = shelf.announce(CAT, DOG)
    for data in (CAT, DOG):
        shelf.put(data)
    shelf.run()
    decoder.close()
    error = shelf.rows()[killer].error
    assert error is not None
    assert error[0] == "image_too_costly"
    assert shelf.rows()[innocent].state == "ready"


def test_a_message_that_ends_its_worker_is_given_up_at_last(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WorkerDiedError(BaseException):
        """No handler comes to its end."""

    killer, innocent = shelf.announce(CAT, DOG)
    take = CurateService.take

    def fatal(service: CurateService, arrival: Any, now: datetime) -> Any:
        if arrival.key.endswith(killer):
            raise WorkerDiedError
        return take(service, arrival, now)

    monkeypatch.setattr(CurateService, "take", fatal)
    for data in (CAT, DOG):
        shelf.put(data)
    messages = shelf.messages()
    for count in range(1, MAX_RECEIVE_COUNT):
        with pytest.raises(WorkerDiedError):
            shelf.deliver(messages, count)
    assert shelf.deliver(messages, MAX_RECEIVE_COUNT) == []
    error = shelf.rows()[killer].error
    assert error is not None
    assert error[0] == "image_too_costly"
    assert shelf.rows()[innocent].state == "ready"


def test_a_fault_of_the_platform_goes_back_to_the_queue(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    messages = shelf.messages()
    with monkeypatch.context() as patch:
        patch.setattr(ImageCuration, "curated", lambda *_: 1 / 0)
        assert shelf.deliver(messages) == [messages[0]["messageId"]]
    assert shelf.rows()[sha256].state == "pending"
    assert shelf.deliver(messages, count=2) == []
    assert shelf.rows()[sha256].state == "ready"


def test_bytes_that_are_not_the_keys_are_refused_and_the_right_ones_taken(shelf: Shelf) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.put(DOG, content_key(NAME, sha256))
    shelf.run()
    assert shelf.rows()[sha256].state == "pending"
    assert shelf.keys() == []
    shelf.put(CAT)
    shelf.run()
    assert shelf.rows()[sha256].state == "ready"


def test_an_object_that_vanished_leaves_its_row_waiting(shelf: Shelf) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.put(CAT)
    shelf.s3.delete_object(Bucket="datasets", Key=content_key(NAME, sha256))
    shelf.run()
    assert shelf.rows()[sha256].state == "pending"
    # So it can be announced and sent again.
    assert shelf.store.images.announce(NAME, [pending(CAT)]) == ()


def test_objects_that_are_no_images_of_datasets_are_left_alone(shelf: Shelf) -> None:
    for key in ("content/pets/notes.txt", "datasets/PETS/cat/a.jpg"):
        shelf.put(CAT, key)
    shelf.run()
    assert len(shelf.keys()) == 2
    assert shelf.rows() == {}


def test_bytes_of_an_image_that_was_not_announced_are_deleted(shelf: Shelf) -> None:
    shelf.put(CAT)
    shelf.run()
    assert (shelf.rows(), shelf.keys()) == ({}, [])


def test_what_is_erased_while_its_form_is_valid_does_not_come_back(shelf: Shelf) -> None:
    image = replace(pending(CAT), source=source_of("p1"))
    shelf.store.images.announce(NAME, [image])
    copies = DatasetCopies(shelf.store, ImageStore("datasets", shelf.s3))
    assert copies.erase_in(NAME, image.sha256, image.source)
    shelf.put(CAT)
    shelf.run()
    assert (shelf.rows(), shelf.keys()) == ({}, [])


def test_a_dropped_file_makes_its_dataset_and_its_class(shelf: Shelf) -> None:
    shelf.put(CAT, "datasets/fruit/green apple/IMG 1.jpg")
    shelf.run()
    (image,) = shelf.store.images.all("fruit")
    assert (image.state, image.label, image.file_name) == ("ready", "green apple", "IMG 1.jpg")
    assert [known.name for known in shelf.store.dataset("fruit").classes] == ["green apple"]
    assert shelf.keys() == [content_key("fruit", image.sha256)]


def test_a_file_that_is_dropped_twice_is_one_image_with_its_first_label(shelf: Shelf) -> None:
    shelf.put(CAT, "datasets/pets/cat/a.jpg")
    shelf.run()
    shelf.put(CAT, "datasets/pets/dog/b.jpg")
    shelf.run()
    (image,) = shelf.rows().values()
    assert (image.label, image.file_name) == ("cat", "a.jpg")
    row = shelf.dynamodb.get_item(
        TableName="datasets", Key={"pk": {"S": "IMAGES#pets"}, "sk": {"S": image.sha256}}
    )["Item"]
    assert row["dropped_again"] == {"S": "datasets/pets/dog/b.jpg"}
    assert shelf.keys() == [content_key(NAME, image.sha256)]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("datasets/pets/cat/a.jpg", ("pets", "cat", "a.jpg")),
        ("datasets/pets/a.jpg", ("pets", None, "a.jpg")),
        ("datasets/pets/cat/more/a.jpg", ("pets", "cat", "a.jpg")),
    ],
)
def test_a_dropped_key_says_dataset_class_and_name(
    key: str, expected: tuple[str, str | None, str]
) -> None:
    assert dropped(key) == expected


@pytest.mark.parametrize("key", ["datasets/Pets/cat/a.jpg", "datasets/a.JPG", "datasets/p/nul/a"])
def test_a_dropped_key_of_no_dataset_or_class_is_refused(key: str) -> None:
    with pytest.raises(InputError):
        dropped(key)


def test_images_are_compared_once_when_the_last_has_come(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    examine = CurateService.examine

    def counted(service: CurateService, name: str, wave: str, now: datetime) -> bool:
        done = examine(service, name, wave, now)
        compared.extend([name] * done)
        return done

    monkeypatch.setattr(CurateService, "examine", counted)
    again = encode(Image.open(io.BytesIO(CAT)), quality=60)
    hashes = shelf.announce(CAT, again, DOG)
    for data in (CAT, again, DOG):
        shelf.put(data)
    # Three invocations, each of which asks; the first two are not the last who asks.
    for message in shelf.messages():
        shelf.deliver([message])
    asked = shelf.messages()
    assert len(asked) == 3
    shelf.deliver([*asked, asked[-1]])
    assert compared == [NAME, NAME]  # once, and once more for the message that came twice
    rows = shelf.rows()
    assert rows[hashes[1]].group == rows[hashes[0]].group != rows[hashes[2]].group
    health = shelf.store.health(NAME)
    assert health is not None
    assert (health.images, health.duplicates, health.groups) == (3, 1, 2)


def test_a_comparison_that_does_not_end_leaves_the_counts(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says that it compared fewer images than there are."""
    monkeypatch.setattr(comparison, "QUICK", 1)

    def health() -> tuple[int, int, int]:
        found = shelf.store.health(NAME)
        assert found is not None
        return found.images, found.labelled, found.compared

    for data in (CAT, DOG):
        shelf.announce(data)
        shelf.put(data)
    shelf.run()
    assert health() == (2, 2, 2)
    again = encode(Image.open(io.BytesIO(CAT)), quality=60)
    shelf.announce(again)
    shelf.put(again)
    with monkeypatch.context() as endless:
        endless.setattr(comparison, "compare", Mock(side_effect=MemoryError))
        for _ in range(2):
            shelf.deliver(shelf.messages())
    assert health() == (3, 3, 2)
    # Whoever trains compares first.
    assert shelf.store.unexamined(NAME) is not None


def test_of_too_many_images_the_first_are_compared(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_COMPARED", 2)
    for data in (CAT, DOG, encode(Image.open(io.BytesIO(CAT)), quality=60)):
        shelf.announce(data)
        shelf.put(data)
    shelf.run()
    found = shelf.store.health(NAME)
    assert found is not None
    assert (found.labelled, found.compared, found.duplicates) == (3, 2, 0)


def test_an_image_that_arrives_after_its_dataset_was_deleted_leaves_nothing(shelf: Shelf) -> None:
    shelf.announce(CAT)
    assert shelf.store.delete(NAME)
    shelf.put(CAT)
    shelf.run()
    assert shelf.keys() == []
    assert shelf.dynamodb.scan(TableName="datasets")["Items"] == []


@pytest.mark.parametrize("dropped_file", [True, False])
def test_a_dataset_that_is_deleted_while_an_image_is_looked_at_leaves_no_row(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, dropped_file: bool
) -> None:
    if dropped_file:
        shelf.put(CAT, f"datasets/{NAME}/cat/a.jpg")
        assert shelf.deliver(shelf.messages()) == []
    else:
        shelf.announce(CAT)
        shelf.put(CAT)
    curated = ImageCuration.curated

    def late(images: ImageCuration, *given: Any) -> bool:
        assert shelf.store.delete(NAME)
        return curated(images, *given)

    monkeypatch.setattr(ImageCuration, "curated", late)
    assert shelf.deliver(shelf.messages()) == []
    rows = shelf.dynamodb.scan(TableName="datasets")["Items"]
    assert {row["pk"]["S"] for row in rows} <= {f"EXAMINATION#{NAME}"}


def test_a_dataset_that_is_deleted_meanwhile_is_not_compared(shelf: Shelf) -> None:
    shelf.announce(CAT)
    shelf.put(CAT)
    shelf.deliver(shelf.messages())
    assert shelf.store.delete(NAME)
    shelf.run()
    assert shelf.store.datasets() == ()


def test_a_class_that_is_renamed_while_its_images_arrive_takes_them_along(shelf: Shelf) -> None:
    (sha256,) = shelf.announce(CAT)
    shelf.store.change_classes(NAME, ClassChange(action="rename", name="cat", to="kitten"))
    shelf.put(CAT)
    shelf.run()
    assert shelf.rows()[sha256].label == "kitten"


def test_an_archived_image_of_a_dataset_is_unreadable_and_says_so(shelf: Shelf) -> None:
    (digest,) = shelf.announce(CAT)
    key = content_key(NAME, digest)
    shelf.s3.put_object(Bucket="datasets", Key=key, Body=CAT, StorageClass="DEEP_ARCHIVE")
    assert shelf.deliver(shelf.messages()) == []
    row = shelf.rows()[digest]
    assert row.state == "unreadable"
    assert row.error is not None
    assert row.error[0] == "image_archived"
