"""What waits is sent exactly once, whatever the network, the cloud and a kill do between."""

import hashlib
import json
from pathlib import Path
from typing import cast

import pytest

from tests.unit.visionflow.edge.device_api import DeviceApi, failing
from visionflow.answers.answer import Score
from visionflow.client.connection import Connection
from visionflow.client.errors import (
    ApiError,
    ImageRefusedError,
    LimitError,
    NotAllowedError,
    UnavailableError,
)
from visionflow.edge.folder import Found
from visionflow.edge.journal import Answered, Journal
from visionflow.edge.lines import Line
from visionflow.edge.sending import BATCH, Sender
from visionflow.images.uploads import MAX_DIRECT_BYTES

RECORD = {
    *("device_id", "origin", "made_at", "model", "status", "label", "confidence", "top_k"),
    *("unknown_reason", "familiarity", "filename", "width", "height", "milliseconds"),
}
OFFLINE = UnavailableError("No answer.", "no_answer", retryable=True)


class Killed(BaseException):
    """In the place of a signal that nothing catches."""


class World:
    """A journal, a cloud, and a sender that may be started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.api, self.said = folder, DeviceApi(), list[str]()
        self.journal = Journal(folder / "journal.db")

    def restart(self) -> None:
        self.journal.close()
        self.journal = Journal(self.folder / "journal.db")

    def sender(self) -> Sender:
        connection = cast(Connection, self.api)
        return Sender(self.journal, connection, self.said.append)

    def add(self, count: int, *, with_image: bool = False, data: bytes = b"image") -> list[str]:
        answered = []
        for number in range(count):
            path = self.folder / f"{len(self.said)}-{with_image}-{number}.jpg"
            path.write_bytes(data)
            found = Found(path, path.name, len(data), number)
            sha256 = hashlib.sha256(data).hexdigest()
            device_id = self.journal.id_of(path.name, number, sha256)
            line = line_of(path.name, device_id)
            answered.append(Answered(line, sha256, found, None, "waiting", with_image))
        self.journal.add(answered)
        self.journal.mark_written([one.line.device_id for one in answered])
        return [one.line.device_id for one in answered]

    def send_all(self) -> None:
        sender = self.sender()
        while sender.send_some()[0]:
            pass


def line_of(name: str, device_id: str) -> Line:
    return Line(
        file=name,
        made_at="2030-01-01T00:00:00.000000Z",
        device_id=device_id,
        model="tiny/1",
        status="unknown",
        label="red",
        confidence=0.4,
        parents=(),
        top_k=(Score("red", 0.4),),
        unknown_reason="unsure",
        familiarity=None,
        width=40,
        height=30,
        milliseconds=7.5,
        error=None,
    )


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_records_go_in_batches_in_their_order(world: World) -> None:
    sent = world.add(BATCH * 2 + 3)
    world.send_all()
    assert list(world.api.records) == sent
    assert len(world.api.calls) == 3
    assert world.journal.counts() == {"sent": len(sent)}
    assert set(world.api.records[sent[0]]) == RECORD
    assert world.api.records[sent[0]]["origin"] == "edge"


def test_an_image_goes_with_what_the_device_answered(world: World) -> None:
    (device_id,) = world.add(1, with_image=True)
    world.send_all()
    assert world.api.images == {device_id: b"image"}
    assert set(world.api.records[device_id]) == RECORD - {
        *("filename", "width", "height", "milliseconds")
    }


@pytest.mark.parametrize("with_image", [False, True], ids=["records", "images"])
@pytest.mark.parametrize("error", [OFFLINE, Killed()], ids=["offline", "killed"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_nothing_is_lost_or_doubled_where_sending_ends_midway(
    world: World, when: str, error: BaseException, with_image: bool
) -> None:
    """Before the cloud has it, or when it has it and nobody was told."""
    sent = world.add(3, with_image=with_image)
    setattr(world.api, when, failing(1, error))
    try:
        more, pause = world.sender().send_some()
    except Killed:
        world.restart()
    else:
        assert not more
        assert pause > 0
        assert world.said == ["Records wait: No answer."]
    assert world.journal.counts()["waiting"] == 3
    world.send_all()
    assert list(world.api.records) == sent
    assert world.journal.counts() == {"sent": 3}


def test_a_refused_record_takes_no_other_with_it(world: World) -> None:
    sent = world.add(3)
    world.api.refused = {sent[1]}
    world.send_all()
    assert list(world.api.records) == [sent[0], sent[2]]
    assert world.journal.counts() == {"sent": 2, "refused": 1}
    assert world.said == ["0-False-1.jpg: the cloud refused it: no such version"]
    world.send_all()
    assert len(world.said) == 1


def test_a_refused_image_takes_no_other_with_it(world: World) -> None:
    sent = world.add(2, with_image=True)
    world.api.before = failing(1, ImageRefusedError("Damaged.", "image_unreadable", status=422))
    world.send_all()
    assert list(world.api.images) == [sent[1]]
    assert world.journal.counts() == {"sent": 1, "refused": 1}


@pytest.mark.parametrize(
    ("error", "least"),
    [
        (LimitError("Used up.", "quota_exceeded", status=429, retry_after=3_000), 3_000),
        (NotAllowedError("The key is revoked.", "not_accepted", status=401), 1),
        (ApiError("No such route.", "route_not_found", status=404), 1),
        (UnavailableError("Down.", "internal_error", status=503, retryable=True), 1),
    ],
    ids=["quota", "key", "an older stage", "out of order"],
)
@pytest.mark.parametrize("with_image", [False, True], ids=["records", "images"])
def test_what_is_no_record_s_fault_lets_it_wait(
    world: World, error: ApiError, least: float, with_image: bool
) -> None:
    world.add(2, with_image=with_image)
    world.api.before = failing(2, error)
    sender = world.sender()
    more, pause = sender.send_some()
    assert not more
    assert pause >= least
    assert sender.send_some()[1] >= pause
    assert world.said == [f"Records wait: {error}"]
    assert world.journal.counts() == {"waiting": 2}
    while sender.send_some()[0]:
        pass
    assert world.said[1:] == ["Records are sent again."]
    assert world.journal.counts() == {"sent": 2}


@pytest.mark.parametrize("fate", ["gone", "changed", "too large"])
def test_an_image_that_cannot_be_sent_leaves_its_record(world: World, fate: str) -> None:
    data = bytes(MAX_DIRECT_BYTES + 1) if fate == "too large" else b"image"
    (device_id,) = world.add(1, with_image=True, data=data)
    path = world.folder / "0-True-0.jpg"
    if fate == "gone":
        path.unlink()
    elif fate == "changed":
        path.write_bytes(b"other")
    world.send_all()
    assert list(world.api.records) == [device_id]
    assert world.api.images == {}
    assert world.journal.counts() == {"sent": 1}


def test_what_was_sent_keeps_no_line(world: World) -> None:
    world.add(2)
    world.send_all()
    lines = world.journal._rows.execute("SELECT line FROM images").fetchall()
    assert lines == [(None,), (None,)]
    assert json.dumps(lines)


def test_a_journal_that_fails_ends_the_thread_and_is_told(world: World) -> None:
    world.journal.close()
    sender = world.sender()
    sender.start()
    sender._thread.join(60)
    assert not sender._thread.is_alive()
    assert world.said[0].startswith("Nothing is sent any more: the journal fails (")


def test_a_journal_that_is_closed_at_the_end_is_no_fault(world: World) -> None:
    world.add(1)
    world.api.after = lambda _path: world.journal.close()
    sender = world.sender()
    sender._stop.set()
    sender._run()
    assert world.said == []


def test_the_thread_sends_what_is_left_before_it_ends(world: World) -> None:
    sender = world.sender()
    sender.start()
    world.add(2)
    sender.finish(60)
    assert world.journal.counts() == {"sent": 2}


def test_what_the_api_says_nothing_of_waits_without_a_flood(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.add(2)
    sender = world.sender()
    monkeypatch.setattr(world.api, "_records", lambda _body: {"items": []})
    pauses = [sender.send_some() for _ in range(3)]
    assert [more for more, _ in pauses] == [False] * 3
    assert pauses[0][1] < pauses[1][1] < pauses[2][1]
    assert world.journal.counts() == {"waiting": 2}
    assert world.said == ["Records wait: the API says nothing of what was sent."]


@pytest.mark.parametrize(
    ("after", "seconds"), [(None, 300.0), (0.1, 2.0), (60.0, 60.0), (2_600_000.0, 3600.0)]
)
def test_pauses_are_bounded_however_long_it_fails(
    world: World, after: float | None, seconds: float
) -> None:
    world.add(1)
    sender = world.sender()
    sender._failures = 5_000
    world.api.before = failing(1, LimitError("wait", "quota_exceeded", retry_after=after))
    assert sender.send_some() == (False, seconds)
