"""From files and frames to lines: each once, to the bit as the functions answer, also after a
kill between any two steps."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.images import bad_files, encode, plain
from tests.tiny_model import write_tiny_artifact
from visionflow.answers.classifier import Classifier
from visionflow.edge.answering import Answering
from visionflow.edge.camera import Frame
from visionflow.edge.errors import EdgeError
from visionflow.edge.folder import WatchedFolder, listed
from visionflow.edge.journal import Journal
from visionflow.edge.lines import LineFile
from visionflow.edge.run import CameraRun, FileRun, Sync, Telling
from visionflow.edge.threads import InOrder

COLOURS = {"red": "red", "lime": "green", "blue": "blue"}
ALL = Sync(records=True, images="uncertain")


class Killed(BaseException):
    """In the place of a signal that nothing catches."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    write_tiny_artifact(folder, unknown_threshold=0.9)
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for colour in COLOURS:
        (folder / f"{colour}.png").write_bytes(encode(plain(colour), "PNG"))
    (folder / "grey.png").write_bytes(encode(plain("grey"), "PNG"))
    return folder


class Device:
    """A runner with its files, which may be started again after a kill."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.answering = Answering(model)
        self.journal_file, self.out = folder / "journal.db", folder / "out.jsonl"
        self.journal = Journal(self.journal_file)
        self.lines_file = LineFile(self.out)

    def again(self) -> "Device":
        self.journal.close()
        self.lines_file.close()
        self.journal, self.lines_file = Journal(self.journal_file), LineFile(self.out)
        return self

    def told(self) -> Telling:
        return Telling(self.journal, self.lines_file)

    def classify(self, photos: Path, sync: Sync = ALL) -> FileRun:
        run = FileRun(self.answering, self.journal, self.told(), sync)
        run.once(listed([photos]), threading.Event())
        return run

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text(encoding="utf-8").splitlines()]

    def names(self) -> list[str]:
        return [Path(line["file"]).stem for line in self.lines()]


@pytest.fixture
def device(model: Path, tmp_path: Path) -> Iterator[Device]:
    found = Device(model, tmp_path)
    yield found
    found.journal.close()
    found.lines_file.close()


def test_each_image_has_one_line_with_the_answer_of_the_functions(
    device: Device, photos: Path, model: Path
) -> None:
    device.classify(photos)
    served = Classifier.open(model)
    for line in device.lines():
        found = served.classify_file(line["file"])
        assert (line["label"], line["confidence"]) == (found.label, found.confidence)
        assert line["top_k"] == [vars(score) for score in found.scores[:5]]
        assert line["unknown_reason"] == found.unknown
        assert line["status"] == ("ok" if found.known else "unknown")
        assert (line["width"], line["height"], line["model"]) == (40, 30, "tiny/1")
        assert line["milliseconds"] > 0
        assert line["made_at"].endswith("Z")
    assert device.names() == ["blue", "grey", "lime", "red"]
    assert [line["label"] for line in device.lines() if line["status"] == "unknown"] == ["red"]


@pytest.mark.parametrize("name", bad_files())
def test_an_image_that_cannot_be_read_has_a_line_with_its_code(
    device: Device, tmp_path: Path, name: str
) -> None:
    data, code = bad_files()[name]
    file = tmp_path / name
    file.write_bytes(data)
    run = device.classify(file)
    (line,) = device.lines()
    assert (line["status"], line["error"]["code"]) == ("failed", code)
    assert line["error"]["message"]
    assert run.failed == 1
    assert device.journal.counts() == {"kept": 1}


def test_what_goes_to_the_cloud(device: Device, photos: Path) -> None:
    device.classify(photos)
    waiting = device.journal.waiting(10, with_image=False)
    assert [Path(one.line["file"]).stem for one in waiting] == ["blue", "lime", "red"]
    (unsure,) = device.journal.waiting(10, with_image=True)
    assert unsure.path == photos / "grey.png"


def test_without_sync_nothing_waits(device: Device, photos: Path) -> None:
    device.classify(photos, Sync())
    assert device.journal.counts() == {"kept": 4}


def test_no_file_is_answered_twice_but_one_that_has_changed(device: Device, photos: Path) -> None:
    device.classify(photos)
    device.again().classify(photos)
    assert len(device.lines()) == 4
    (photos / "red.png").write_bytes(encode(plain("blue", (41, 30)), "PNG"))
    device.again().classify(photos)
    assert [line["label"] for line in device.lines()][-1] == "blue"
    assert len({line["device_id"] for line in device.lines()}) == len(device.lines()) == 5


@pytest.mark.parametrize("step", ["add", "write", "half a write", "mark_written"])
def test_a_kill_between_two_steps_loses_and_doubles_nothing(
    device: Device, photos: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Just before and in the middle of each step; before `add` is after inference, and so on."""

    def killed(*_: object) -> None:
        raise Killed

    def half(lines: list[str]) -> None:
        text = "".join(f"{line}\n" for line in lines)
        device.lines_file._file.write(text[: len(text) // 2])
        device.lines_file._file.flush()
        raise Killed

    with monkeypatch.context() as patch:
        if step == "half a write":
            patch.setattr(device.lines_file, "write", half)
        elif step == "write":
            patch.setattr(device.lines_file, "write", killed)
        else:
            patch.setattr(device.journal, step, killed)
        with pytest.raises(Killed):
            device.classify(photos)
    device.again().classify(photos)
    assert sorted(device.names()) == ["blue", "grey", "lime", "red"]
    assert device.journal.counts() == {"waiting": 4}
    assert device.journal.unwritten(9) == []


def test_an_id_is_the_same_when_a_power_cut_took_the_row(device: Device, photos: Path) -> None:
    device.classify(photos)
    before = {line["file"]: line["device_id"] for line in device.lines()}
    device.journal._rows.execute("DELETE FROM images")
    device.out.unlink()
    device.again().classify(photos)
    assert {line["file"]: line["device_id"] for line in device.lines()} == before


def test_a_journal_has_one_runner(device: Device) -> None:
    with pytest.raises(EdgeError, match="Another runner may have it") as refused:
        Journal(device.journal_file)
    assert refused.value.code == "journal"


def test_rows_of_files_that_are_gone_are_dropped_once_nothing_waits(
    device: Device, photos: Path
) -> None:
    device.classify(photos, Sync())
    (photos / "red.png").unlink()
    device.journal.forget_gone()
    assert device.journal.counts() == {"kept": 3}
    device.classify(photos)
    (photos / "lime.png").unlink()
    device.journal.forget_gone()
    assert device.journal.counts() == {"kept": 2}


def test_a_truncated_file_of_a_watched_folder_waits_for_its_end(
    device: Device, photos: Path
) -> None:
    whole = encode(plain("red", (400, 300)))
    file = photos / "slow.jpg"
    file.write_bytes(whole[: len(whole) // 2])
    watched = WatchedFolder(photos)
    run = FileRun(device.answering, device.journal, device.told(), Sync())
    run._watched = watched
    with InOrder(run._answer, 1) as threads:
        run._take(threads, listed([photos]))
        assert "slow" not in device.names()
        file.write_bytes(whole)
        run._take(threads, listed([photos]))
    assert device.names().count("slow") == 1
    assert run.failed == 0


def seen(run: CameraRun, colour: str, at: float) -> None:
    run.see(Frame(encode(plain(colour), "PNG"), at))


def test_a_camera_says_what_changes_at_once_and_the_rest_now_and_then(device: Device) -> None:
    clock = [0.0]
    run = CameraRun(device.answering, device.journal, device.told(), ALL, 1.0, lambda: clock[0])
    for frame in range(40):
        clock[0] = frame / 10
        seen(run, "red" if frame < 20 else "blue", clock[0])
    lines = device.lines()
    labels = [line["smoothed"]["label"] for line in lines]
    assert labels[0] == "red"
    assert labels[-1] == "blue"
    # Four seconds, and each change of what is said, through "not sure" and back.
    assert 4 <= len(lines) <= 8
    assert all(line["file"] is None for line in lines)
    recorded = device.journal.counts()["waiting"]
    assert recorded < len(lines)


def test_one_odd_frame_does_not_change_what_a_camera_says(device: Device) -> None:
    clock = [0.0]
    run = CameraRun(device.answering, device.journal, device.told(), ALL, 0.05, lambda: clock[0])
    for frame in range(20):
        clock[0] = frame / 10
        seen(run, "blue" if frame == 15 else "red", clock[0])
    odd = [line for line in device.lines() if line["label"] == "blue"]
    assert len(odd) == 1
    assert {line["smoothed"]["label"] for line in device.lines()} == {"red"}


def test_frames_that_are_sent_are_kept_with_what_was_answered(device: Device) -> None:
    run = CameraRun(device.answering, device.journal, device.told(), ALL, 1.0)
    frame = encode(plain("grey"), "PNG")
    run.see(Frame(frame, 0.0))
    (waiting,) = device.again().journal.waiting(5, with_image=True)
    assert waiting.frame == frame
    assert waiting.line["unknown_reason"] == "unsure"


def test_a_frame_that_cannot_be_read_is_told_and_forgotten(device: Device) -> None:
    clock = [0.0]
    run = CameraRun(device.answering, device.journal, device.told(), ALL, 1.0, lambda: clock[0])
    run.see(Frame(b"\xff\xd8\xff no image", 0.0))
    seen(run, "red", 0.1)
    failed, good = device.lines()
    assert failed["status"] == "failed"
    assert good["smoothed"]["label"] == "red"


def test_work_in_threads_is_answered_in_order_with_a_bound_on_what_waits() -> None:
    begun: list[int] = []
    gate = threading.Semaphore(0)

    def work(item: int) -> int:
        begun.append(item)
        gate.acquire()
        return item

    with InOrder(work, 2) as threads:
        ready = [result for item in range(4) for result in threads.add(item)]
        assert ready == []
        assert len(begun) <= 4
        for _ in range(6):
            gate.release()
        ready += [result for item in (4, 5) for result in threads.add(item)] + threads.rest()
    assert ready == list(range(6))


def test_a_file_with_a_name_that_is_no_text_is_answered_and_can_be_sent(
    device: Device, photos: Path
) -> None:
    path = Path(os.fsdecode(os.fsencode(photos) + b"/\xff.png"))
    try:
        path.write_bytes(encode(plain("grey"), "PNG"))
    except OSError:
        pytest.skip("the file system has no such names")
    device.classify(photos)
    assert device.names().count("%FF") == 1
    waiting = device.journal.waiting(25, with_image=True)
    assert path in [one.path for one in waiting]
    device.classify(photos)
    assert device.names().count("%FF") == 1


def test_a_file_that_is_too_large_is_not_read(
    device: Device, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (photos / "huge.jpg").open("wb") as file:
        file.truncate(33_000_000)
    read = Path.read_bytes
    opened: list[str] = []

    def recorded(path: Path) -> bytes:
        opened.append(path.stem)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", recorded)
    device.classify(photos)
    (line,) = (line for line in device.lines() if line["file"].endswith("huge.jpg"))
    assert line["error"]["code"] == "image_too_large"
    assert "huge" not in opened


def test_frames_leave_nothing_in_the_journal(device: Device) -> None:
    run = CameraRun(device.answering, device.journal, device.told(), ALL, 0.0)
    for number in range(5):
        seen(run, ("red", "blue")[number % 2], float(number))
    waiting = device.journal.counts()
    assert set(waiting) == {"waiting"}
    for with_image in (False, True):
        for one in device.journal.waiting(25, with_image=with_image):
            device.journal.settle(one.device_id, "sent")
    assert device.journal.counts() == {}


def test_a_watched_folder_s_journal_loses_what_is_gone_while_it_runs(
    device: Device, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device.classify(photos, Sync())
    (photos / "red.png").unlink()
    monkeypatch.setattr("visionflow.edge.run._FORGET_S", 0.0)
    stop = threading.Event()
    forget = device.journal.forget_gone

    def once() -> None:
        forget()
        stop.set()

    monkeypatch.setattr(device.journal, "forget_gone", once)
    FileRun(device.answering, device.journal, device.told(), Sync()).watch(
        WatchedFolder(photos), stop
    )
    assert device.journal.counts() == {"kept": 3}


def test_the_end_of_the_file_is_searched_after_a_start_alone(
    device: Device, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = device.told()
    asked: list[object] = []
    monkeypatch.setattr(device.lines_file, "has", asked.append)
    FileRun(device.answering, device.journal, told, Sync()).once(
        listed([photos]), threading.Event()
    )
    assert len(device.lines()) == 4
    assert asked == []
