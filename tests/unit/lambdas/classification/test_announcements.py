"""Every way in which S3 tells a queue of an object, and what is none of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.classification.announcements import (
    Announced,
    Arrival,
    UnknownEnvelopeError,
    Watched,
    announced,
    read_message,
    shape,
)

BUCKET = "images"
WATCHED = Watched(BUCKET, ("uploads/",))
NOTHING = Announced[Arrival]((), None)
ARRIVED = (Arrival(BUCKET, "uploads/a b+100%.jpg", "v1", "tag", 7), "R1")


def notified(name: str | None = "ObjectCreated:Put", **changes: Any) -> Any:
    """A notification of S3, whose keys are URL-encoded."""
    entry = {"key": "uploads/a+b%2B100%25.jpg", "size": 7, "eTag": "tag", "versionId": "v1"}
    record = {
        "eventSource": "aws:s3",
        "responseElements": {"x-amz-request-id": "R1"},
        "s3": {"bucket": {"name": BUCKET}, "object": {**entry, **changes}},
    }
    return {"Records": [record if name is None else {**record, "eventName": name}]}


def bridged(kind: str = "Object Created", **changes: Any) -> Any:
    """An event of EventBridge, whose keys are as they are."""
    entry = {"key": "uploads/a b+100%.jpg", "size": 7, "etag": "tag", "version-id": "v1"}
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": kind,
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {
            "bucket": {"name": BUCKET},
            "object": {**entry, **changes},
            "request-id": "R1",
            "reason": "PutObject",
        },
    }


def with_version(event: Any, version: str | None) -> Any:
    event["detail"]["object"]["version-id"] = version
    return event


def by_topic(message: Any) -> Any:
    """Without raw delivery; with it, SNS hands on the message alone."""
    return {
        "Type": "Notification",
        "MessageId": "1",
        "TopicArn": "arn:aws:sns:eu-central-1:123456789012:images",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(message),
    }


def by_function_of_topic(message: Any) -> Any:
    return {"Records": [{"EventSource": "aws:sns", "Sns": by_topic(message)}]}


WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "raw": lambda message: message,
    "a topic": by_topic,
    "a topic's own record": by_function_of_topic,
    "two topics": lambda message: by_topic(by_topic(message)),
}
TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(
    "message", [notified(), notified("s3:ObjectCreated:Post"), notified(None), bridged()]
)
def test_an_object_is_found_in_every_envelope(wrapper: str, message: Any) -> None:
    body = json.dumps(WRAPPERS[wrapper](message))
    assert announced(read_message(body), Arrival, WATCHED) == Announced((ARRIVED,), None)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize(
    "message",
    [
        TEST_EVENT,
        {"Records": []},
        *(
            notified(name)
            for name in (
                "ObjectRemoved:Delete",
                "ObjectRemoved:DeleteMarkerCreated",
                "LifecycleExpiration:Delete",
                "LifecycleTransition",
                "ObjectRestore:Completed",
                "ObjectTagging:Put",
                "ObjectAcl:Put",
                "Replication:OperationFailedReplication",
                "IntelligentTiering",
            )
        ),
        *(
            bridged(kind)
            for kind in ("Object Deleted", "Object Restore Completed", "Object Tags Added")
        ),
        notified(key="uploads/a+folder/", size=0),
        bridged(key="uploads/a folder/", size=0),
        # A rule without a filter announces thumbnails too, each of which would make another.
        notified(key="thumbnails/1.jpg"),
        bridged(key="thumbnails/1.jpg"),
    ],
)
def test_what_is_no_image_that_arrives_is_passed_over(wrapper: str, message: Any) -> None:
    assert announced(WRAPPERS[wrapper](message), Arrival, WATCHED) == NOTHING


def test_a_removal_has_no_size_and_is_passed_over_all_the_same() -> None:
    message = notified("ObjectRemoved:DeleteMarkerCreated")
    del message["Records"][0]["s3"]["object"]["size"]
    assert announced(message, Arrival, WATCHED) == NOTHING


def test_another_bucket_s_object_is_another_queue_s() -> None:
    found = announced(bridged(), Arrival, Watched("others", ("uploads/",)))
    assert (found.arrivals, str(found.unknown)) == ((), '"an object of another bucket"')


@pytest.mark.parametrize("first", [True, False])
def test_a_record_that_is_unknown_takes_no_other_with_it(first: bool) -> None:
    good, bad = notified()["Records"], notified(size=SECRET)["Records"]
    del bad[0]["s3"]["object"]["eTag"]
    found = announced({"Records": [*bad, *good] if first else [*good, *bad]}, Arrival, WATCHED)
    assert found.arrivals == (ARRIVED,)
    told = json.loads(str(found.unknown))
    assert told["s3"]["object"] == {"key": "str", "size": "str", "versionId": "str"}
    with pytest.raises(UnknownEnvelopeError):
        found.check()


@pytest.mark.parametrize("version", [None, "null", ""])
def test_an_object_without_a_version_has_none(version: str | None) -> None:
    for message in (notified(versionId=version), with_version(bridged(), version)):
        ((found, _),) = announced(message, Arrival, WATCHED).arrivals
        assert found.version_id is None


SECRET = "patient-4711.jpg"
UNKNOWN = [
    {"hello": SECRET},
    {},
    [],
    [notified()],
    SECRET,
    7,
    None,
    {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"Keys": SECRET}}]},
    {"Records": [SECRET]},
    {"Records": {"s3": SECRET}},
    {"Records": [{"s3": {"bucket": {"name": BUCKET}, "object": {"key": SECRET}}}]},
    notified(size=SECRET),
    notified(key=7),
    notified(key=None),
    bridged(key=["uploads/", SECRET]),
    bridged("AWS API Call via CloudTrail"),
    {"source": "aws.ec2", "detail-type": "EC2 Instance State-change", "detail": {"id": SECRET}},
    {"source": "aws.s3", "detail-type": "Object Created", "detail": SECRET},
    {"Type": "Notification", "Message": SECRET},
    by_topic({"Type": "Notification", "Message": {"a": SECRET}}),
    by_topic(by_topic(by_topic(by_topic(notified())))),
    notified(size=float("inf")),
    notified(versionId=7),
    bridged(key="uploads/\ud800.jpg"),
    {"Type": "Notification", "Message": "[" * 100_000},
    # Its token is needed to confirm it, and no log's.
    {"Type": "SubscriptionConfirmation", "TopicArn": "arn:a", "Token": SECRET},
]


@pytest.mark.parametrize("message", UNKNOWN)
def test_what_is_unknown_is_told_by_its_shape(message: Any) -> None:
    found = announced(read_message(json.dumps(message)), Arrival, WATCHED)
    assert found.arrivals == ()
    assert found.unknown
    assert SECRET not in str(found.unknown)
    assert len(str(found.unknown)) < 500


def test_what_is_not_json_is_told_by_its_length() -> None:
    with pytest.raises(UnknownEnvelopeError, match=r"^not JSON, 16 characters$"):
        read_message(SECRET)


def test_a_shape_has_names_and_types_alone() -> None:
    long = {str(index): index for index in range(100)}
    deep = {"a": {"b": {"c": {"d": {"e": {"f": 1}}}}}}
    assert shape({"x": [1.5, 2.5], "y": None}) == {"x": ["float"], "y": "null"}
    assert shape(deep) == {"a": {"b": {"c": {"d": {"e": "object"}}}}}
    assert shape(long)["..."] == 80
