"""Announcements in every envelope, at every function that a queue feeds."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.images import encode, plain
from tests.integration.conftest import DATASETS, Cloud
from tests.integration.dataset_loop import NAME, NOW, Loop, loop_in_process, sha
from tests.unit.lambdas.classification.test_announcements import (
    TEST_EVENT,
    UNKNOWN,
    WRAPPERS,
    bridged,
    notified,
)
from visionflow.datasets.names import content_key
from visionflow.datasets.record import DatasetImage
from visionflow.timestamps import timestamp

RED = encode(plain("red"))
KEY = "uploads/a b+100%.jpg"


@dataclass
class Fed:
    """A function that a queue feeds: how it is called, and what it has made of an image."""

    bucket: str
    key: str
    deliver: Callable[[list[dict[str, Any]]], list[str]]
    done: Callable[[], list[str]]


@pytest.fixture(params=["ingest", "curate"])
def fed(request: pytest.FixtureRequest, cloud: Cloud, monkeypatch: Any) -> Iterator[Fed]:
    if request.param == "ingest":
        yield Fed("images", KEY, cloud.deliver, lambda: [i["label"] for i in cloud.logs()])
        return
    with loop_in_process(cloud, monkeypatch) as loop:
        image = DatasetImage(
            sha256=sha(RED),
            state="pending",
            added_at=timestamp(NOW),
            added_by="a",
            source="upload",
            bytes=len(RED),
        )
        loop.store.images.announce(NAME, [image])
        key = content_key(NAME, sha(RED))
        yield Fed(DATASETS.datasets_bucket, key, loop.deliver, lambda: states(loop))


def states(loop: Loop) -> list[str]:
    return [i.state for i in loop.images().values() if i.state != "pending"]


def put(cloud: Cloud, fed: Fed) -> dict[str, Any]:
    """An image where the function looks, as S3 names it."""
    answer: dict[str, Any] = {
        **cloud.s3.put_object(Bucket=fed.bucket, Key=fed.key, Body=RED),
    }
    return {"key": fed.key, "size": len(RED), "etag": answer["ETag"].strip('"')} | (
        {"version-id": answer["VersionId"]} if "VersionId" in answer else {}
    )


def in_notification(fed: Fed, found: dict[str, Any]) -> Any:
    message = notified(
        key=quote_plus(found["key"]),
        size=found["size"],
        eTag=found["etag"],
        versionId=found.get("version-id"),
    )
    message["Records"][0]["s3"]["bucket"]["name"] = fed.bucket
    return message


def in_event(fed: Fed, found: dict[str, Any]) -> Any:
    message = bridged()
    message["detail"] |= {"bucket": {"name": fed.bucket}, "object": found}
    return message


def dead_letters(cloud: Cloud) -> list[Any]:
    received = cloud.sqs.receive_message(
        QueueUrl=cloud.dead_letters_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(received.get("Messages", []))


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("how", [in_notification, in_event])
def test_an_image_is_taken_in_however_it_is_announced(
    cloud: Cloud, fed: Fed, wrapper: str, how: Callable[[Fed, Any], Any]
) -> None:
    message = cloud.message(WRAPPERS[wrapper](how(fed, put(cloud, fed))))
    assert fed.deliver([message]) == []
    assert fed.done() in (["red"], ["ready"])
    assert dead_letters(cloud) == []


def test_what_is_unknown_is_dead_at_once_and_the_others_are_taken(
    cloud: Cloud, fed: Fed, caplog: pytest.LogCaptureFixture
) -> None:
    image = cloud.message(in_event(fed, put(cloud, fed)), "image")
    odd = cloud.message({"hello": "patient-4711"}, "odd") | {
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:uploads"
    }
    assert fed.deliver([odd, image, cloud.message(TEST_EVENT, "test")]) == []
    assert fed.done() in (["red"], ["ready"])
    (letter,) = dead_letters(cloud)
    assert letter["Body"] == odd["body"]
    assert letter["MessageAttributes"]["queue"]["StringValue"] == odd["eventSourceARN"]
    (line,) = [vars(line) for line in caplog.records if "unknown envelope" in line.message]
    assert json.loads(line["shape"]) == {"hello": "str"}
    assert "patient" not in str(line)


def test_a_record_that_is_unknown_takes_no_image_with_it(cloud: Cloud, fed: Fed) -> None:
    message = in_notification(fed, put(cloud, fed))
    message["Records"].insert(0, {"s3": "of a later time"})
    assert fed.deliver([cloud.message(message)]) == []
    assert fed.done() in (["red"], ["ready"])
    (letter,) = dead_letters(cloud)
    assert json.loads(letter["Body"]) == message


def test_what_is_of_the_other_queue_is_not_lost(cloud: Cloud, fed: Fed) -> None:
    message = cloud.message(in_notification(replace(fed, bucket="others"), put(cloud, fed)))
    assert fed.deliver([message]) == []
    assert [letter["Body"] for letter in dead_letters(cloud)] == [message["body"]]


def test_every_unknown_form_is_dead_at_once(cloud: Cloud, fed: Fed) -> None:
    messages = [cloud.message(body, str(index)) for index, body in enumerate(UNKNOWN[:9])]
    messages.append(cloud.message("", "no JSON") | {"body": "no JSON"})
    assert fed.deliver(messages) == []
    letters = dead_letters(cloud)
    assert sorted(one["Body"] for one in letters) == sorted(one["body"] for one in messages)


def test_what_cannot_be_put_to_the_dead_letters_comes_back(cloud: Cloud, fed: Fed) -> None:
    cloud.sqs.delete_queue(QueueUrl=cloud.dead_letters_url)
    assert fed.deliver([cloud.message({"hello": "world"}, "odd")]) == ["odd"]


@pytest.mark.parametrize("order", [{"examine": 7, "wave": "1"}, {"take": {"dataset": NAME}}])
def test_an_order_that_is_not_one_is_dead_at_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, order: Any
) -> None:
    with loop_in_process(cloud, monkeypatch) as loop:
        assert loop.deliver([cloud.message(order)]) == []
    assert len(dead_letters(cloud)) == 1
