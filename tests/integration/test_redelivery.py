"""Messages that come again: what ends a worker takes no other with it, and ends recorded."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import lambdas.ingest.handler
import lambdas.shadow.handler
from lambdas.classification.decoder import Decoder, DecoderLimits
from lambdas.classification.settings import MAX_RECEIVE_COUNT
from lambdas.ingest.service import IngestService
from lambdas.shadow.service import ShadowService
from tests import tiffs
from tests.images import encode, plain
from tests.integration.conftest import Cloud, Context
from visionflow.errors import PlatformError
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import DecodedImage

KILLER = encode(plain("black"), "PNG")

Message = dict[str, Any]


class WorkerDiedError(BaseException):
    """What Lambda does to a worker that runs out of memory or time: no handler comes to its end."""


@pytest.fixture
def dies(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A worker that ends at `KILLER`, by whatever its decoder cannot stop. Lists what it did."""
    classify = IngestService.classify
    seen: list[str] = []

    def fatal(service: IngestService, data: bytes, *others: Any) -> Any:
        if data.startswith(KILLER):
            seen.append("killer")
            raise WorkerDiedError
        seen.append("innocent")
        return classify(service, data, *others)

    monkeypatch.setattr(IngestService, "classify", fatal)
    return seen


@pytest.fixture
def hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Give the function a decoder with a hole: it does anything for `KILLER`."""
    decoders = []

    def give(costly: Callable[[], object]) -> None:
        def decode(data: bytes, spec: InputSpec) -> DecodedImage:
            if data.startswith(KILLER):
                costly()
            return pipeline.decode(data, spec)

        decoder = Decoder(DecoderLimits(300_000_000, 0.5, 60.0), decode)
        decoders.append(decoder)
        service = lambdas.ingest.handler.service()
        monkeypatch.setitem(vars(service), "decoder", decoder)

    yield give
    for decoder in decoders:
        decoder.close()


def dropped(cloud: Cloud, *names: str) -> list[Message]:
    """Messages of images in the order of ``names``; one that is named killer has its bytes."""
    for index, name in enumerate(names):
        # Each has an ETag of its own, which moto's notifications are told apart by.
        image = encode(plain("red", (40 + index, 30)))
        if name == "killer":
            image = KILLER + bytes(index)
        cloud.drop(f"uploads/{index}-{name}.png", image)
    return sorted(cloud.messages(), key=lambda m: str(json.loads(m["body"])["Records"]))


def received(message: Message, count: int) -> Message:
    attributes = message["attributes"] | {"ApproximateReceiveCount": str(count)}
    return message | {"attributes": attributes}


def recorded(cloud: Cloud) -> list[str]:
    return sorted(
        f"{entry['image']['key'].split('-')[1]} {(entry['error'] or {}).get('code', 'ok')}"
        for entry in cloud.logs(limit=50)
    )


def deliver_until_done(cloud: Cloud, batch: list[Message]) -> list[Message]:
    """Deliver as SQS does: all again when the worker dies. Returns the dead letters."""
    for count in range(1, MAX_RECEIVE_COUNT + 1):
        try:
            failed = cloud.deliver([received(message, count) for message in batch])
        except WorkerDiedError:
            continue
        batch = [message for message in batch if message["messageId"] in failed]
    return batch


@pytest.mark.parametrize(
    "costly",
    [
        os.abort,
        lambda: os.kill(os.getpid(), 9),
        lambda: [bytearray(50_000_000) for _ in range(20)],
        lambda: [None for _ in iter(int, 1)],
    ],
    ids=["abort", "killed", "memory", "time"],
)
def test_an_image_that_ends_its_decoder_is_failed_and_the_batch_goes_on(
    cloud: Cloud,
    hole: Callable[[Callable[[], object]], None],
    costly: Callable[[], object],
) -> None:
    hole(costly)
    assert cloud.deliver(dropped(cloud, "cat", "killer", "dog")) == []
    assert recorded(cloud) == ["cat.png ok", "dog.png ok", "killer.png image_too_costly"]


def test_a_direct_call_with_such_an_image_is_a_422(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(data: bytes, spec: InputSpec) -> DecodedImage:
        os.abort()

    decoder = Decoder(decode=decode)
    monkeypatch.setitem(vars(lambdas.predict.handler.service()), "decoder", decoder)
    answer = cloud.predict(KILLER)
    decoder.close()
    assert (answer.status, answer.body["code"]) == (422, "image_too_costly")
    assert cloud.logs() == []


def test_the_reported_tiffs_are_failed_records(cloud: Cloud) -> None:
    for name, data in {
        "tile": tiffs.one_huge_tile(),
        "larger-tile": tiffs.one_huge_tile(26_500),
        "shared": tiffs.shared_tile(32),
    }.items():
        cloud.drop(f"uploads/{name}.tif", data)
    assert cloud.deliver(cloud.messages()) == []
    assert {entry["error"]["code"] for entry in cloud.logs()} == {"image_too_large"}


def test_one_that_ends_the_worker_each_time_is_recorded_before_the_last_try(
    cloud: Cloud, dies: list[str]
) -> None:
    batch = dropped(cloud, "ant", "killer", "bee", "cat", "dog")
    assert deliver_until_done(cloud, batch) == []
    innocent = [f"{name}.png ok" for name in ("ant", "bee", "cat", "dog")]
    assert recorded(cloud) == [*innocent, "killer.png image_too_costly"]
    assert dies.count("killer") == MAX_RECEIVE_COUNT - 1
    assert dies.count("innocent") == 4, "each was classified once"


def test_two_that_end_the_worker_are_both_recorded(cloud: Cloud, dies: list[str]) -> None:
    batch = dropped(cloud, "ant", "killer", "bee", "killer", "cat")
    assert deliver_until_done(cloud, batch) == []
    assert len(recorded(cloud)) == 5
    assert recorded(cloud).count("killer.png image_too_costly") == 2


def test_first_deliveries_go_before_what_came_before(cloud: Cloud, dies: list[str]) -> None:
    killer, *innocent = dropped(cloud, "killer", "cat", "dog")
    with pytest.raises(WorkerDiedError):
        cloud.deliver([received(killer, 2), *innocent])
    assert recorded(cloud) == ["cat.png ok", "dog.png ok"]


def test_a_suspect_goes_after_others_that_came_before(cloud: Cloud, dies: list[str]) -> None:
    killer, *others = dropped(cloud, "killer", "cat", "dog")
    with pytest.raises(WorkerDiedError):
        cloud.deliver([received(killer, 2)])
    with pytest.raises(WorkerDiedError):
        cloud.deliver([received(message, 3) for message in (killer, *others)])
    assert recorded(cloud) == ["cat.png ok", "dog.png ok"]


def test_a_fault_of_the_platform_ends_as_a_dead_letter_and_not_as_a_record(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: Any, **__: Any) -> bytes:
        raise PlatformError("S3 said: slow down")

    batch = dropped(cloud, "cat")
    monkeypatch.setattr(lambdas.ingest.handler.service().images, "fetch", fault)
    assert deliver_until_done(cloud, batch) == batch
    assert recorded(cloud) == []


def test_a_fault_after_a_death_is_the_platform_s_again(
    cloud: Cloud, dies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last try is what counts: a worker that failed in an orderly way took its mark away."""
    (message,) = dropped(cloud, "killer")
    with pytest.raises(WorkerDiedError):
        cloud.deliver([received(message, 2)])

    def fault(*_: Any, **__: Any) -> bytes:
        raise PlatformError("S3 said: slow down")

    with monkeypatch.context() as patch:
        patch.setattr(lambdas.ingest.handler.service().images, "fetch", fault)
        assert cloud.deliver([received(message, 4)]) == [message["messageId"]]
        assert cloud.deliver([received(message, 5)]) == [message["messageId"]]
    assert recorded(cloud) == []


def test_marks_are_no_records(cloud: Cloud) -> None:
    (message,) = dropped(cloud, "cat")
    assert cloud.deliver([received(message, 2)]) == []
    assert recorded(cloud) == ["cat.png ok"]
    changes = cloud.stream()
    assert len(changes) == 3, "a mark, a record, and the mark again"
    assert cloud.count(changes) == []
    mark = f"attempt#{message['messageId']}"
    assert cloud.call("GET", f"/predictions/{mark}").status == 404


def test_what_cannot_be_finished_in_time_is_not_begun(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An invocation that runs out of time would take the others with it."""
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 10_000)
    batch = dropped(cloud, "cat", "dog", "eel")
    failed = cloud.deliver(batch)
    assert len(recorded(cloud)) == 1
    assert failed == [message["messageId"] for message in batch[1:]]


def test_a_shadow_s_call_is_worked_from_its_other_end_the_next_time(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an image that ends the worker each time keeps no other from being answered."""
    seen: list[str] = []

    def look_at(_: ShadowService, prediction_id: str, _now: Any) -> None:
        if prediction_id == "c":
            raise WorkerDiedError
        seen.append(prediction_id)

    monkeypatch.setattr(ShadowService, "look_at", look_at)
    call = {"call": "one", "prediction_ids": ["a", "b", "c", "d", "e"]}
    for _ in range(2):
        with pytest.raises(WorkerDiedError):
            lambdas.shadow.handler.lambda_handler(call, Context())
    assert sorted(seen) == ["a", "b", "d", "e"]
