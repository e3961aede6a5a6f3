"""The command ``python -m visionflow.edge``: what it takes, says and exits with."""

import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.images import encode, plain
from tests.tiny_model import write_tiny_artifact
from visionflow.edge import __main__ as program
from visionflow.edge.__main__ import main
from visionflow.edge.camera import command_for, opened_camera
from visionflow.edge.errors import EdgeError


@pytest.fixture
def model(tmp_path: Path) -> str:
    write_tiny_artifact(tmp_path / "model")
    return str(tmp_path / "model")


@pytest.fixture
def photo(tmp_path: Path) -> str:
    file = tmp_path / "red.png"
    file.write_bytes(encode(plain("red"), "PNG"))
    return str(file)


def error(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    said = capsys.readouterr()
    assert said.out == ""
    found: dict[str, str] = json.loads(said.err.splitlines()[-1])["error"]
    return found


def test_files_are_classified_once_and_leave_nothing(
    model: str, photo: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(photo).parent)
    before = sorted(Path.cwd().iterdir())
    for _ in range(2):
        assert main([model, photo]) == 0
        line = json.loads(capsys.readouterr().out)
        assert (line["file"], line["label"], line["status"]) == (photo, "red", "ok")
    assert sorted(Path.cwd().iterdir()) == before


def test_an_image_that_failed_is_an_exit_code(
    model: str, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    assert main([model, photo, str(bad)]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == ["ok", "failed"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "Name FILES, or one of --watch and --camera"),
        (["a.jpg", "--watch", "b"], "Name FILES, or one of --watch and --camera"),
        (["a.jpg", "--send-images", "all"], "need --sync URL"),
        (["a.jpg", "--key", "k"], "need --sync URL"),
        (["a.jpg", "--send-images", "some"], "invalid choice"),
        (["a.jpg", "--every", "0"], "--every"),
        (["a.jpg", "--wach", "b"], "unrecognized arguments"),
    ],
)
def test_wrong_arguments_are_told_and_nothing_is_done(
    model: str, capsys: pytest.CaptureFixture[str], more: list[str], sentence: str
) -> None:
    assert main([model, *more]) == 2
    found = error(capsys)
    assert found["code"] == "usage"
    assert sentence in found["message"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["{model}", "none.jpg"], "file", "none.jpg: No such file"),
        (["{folder}/none", "{photo}"], "invalid_artifact", "no manifest.json"),
        (["{model}", "--watch", "{folder}/none"], "file", "no such folder"),
        (["{model}", "{photo}", "--sync", "api.example"], "invalid_setting", "not the URL"),
        (["{model}", "{photo}", "--out", "{photo}/out"], "file", "out"),
        (["{model}", "{photo}", "--journal", "{photo}"], "journal", "cannot be the runner's"),
        (["{model}", "{photo}", "--sync", "http://localhost", "--key", "no"], "file", "no: "),
    ],
)
def test_what_cannot_be_done_is_one_line(
    model: str,
    photo: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: str,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [one.format(model=model, photo=photo, folder=tmp_path) for one in arguments]
    assert main(given) == 1
    found = error(capsys)
    assert sentence in found["message"]
    assert found["code"] == code


def test_a_full_disk_is_one_line(
    model: str, photo: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("visionflow.edge.journal.Journal.add", full)
    assert main([model, photo]) == 1
    assert error(capsys) == {
        "code": "journal",
        "message": "The journal fails (database or disk is full); is the disk full?",
    }


def test_help_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    assert "Exit codes" in said
    assert max(map(len, said.splitlines())) <= 100


STREAM = """
import sys, time
data = open(sys.argv[1], "rb").read()
for _ in range(int(sys.argv[2])):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
    time.sleep(0.01)
print("the camera is in use", file=sys.stderr)
sys.exit(int(sys.argv[3]))
"""


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    (tmp_path / "stream.py").write_text(STREAM)
    (tmp_path / "frame.jpg").write_bytes(encode(plain("red")))
    return tmp_path


def command(stream: Path, frames: int, code: int) -> str:
    return f"{sys.executable} {stream}/stream.py {stream}/frame.jpg {frames} {code}"


def test_a_camera_s_stream_is_answered_until_it_ends(
    model: str, stream: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stream)
    assert main([model, "--camera", command(stream, 20, 0), "--every", "0.001"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert 1 <= len(lines) <= 20
    assert {line["label"] for line in lines} == {"red"}
    assert {line["smoothed"]["label"] for line in lines} == {"red"}


def test_a_camera_that_fails_is_told_with_what_it_said(
    model: str, stream: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([model, "--camera", command(stream, 0, 3)]) == 1
    found = error(capsys)
    assert found["code"] == "camera"
    assert "code 3 after 0 frames (the camera is in use)" in found["message"]


def test_frames_that_nobody_took_in_time_are_dropped(stream: Path) -> None:
    with opened_camera(command(stream, 30, 0)) as camera:
        camera._readers[0].join()
        assert len(list(camera.frames(threading.Event()))) == 1


def test_a_camera_s_command_ends_with_the_runner(stream: Path) -> None:
    with opened_camera(command(stream, 100_000, 0)) as camera:
        process = camera._process
        assert process.poll() is None
    assert process.poll() is not None


def test_the_command_that_is_installed_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"ffmpeg"}
    monkeypatch.setattr("shutil.which", lambda name: name if name in there else None)
    assert command_for("")[0] == "ffmpeg"
    there.add("rpicam-vid")
    assert command_for("")[0] == "rpicam-vid"
    assert command_for("own 'a b'") == ["own", "a b"]
    there.clear()
    with pytest.raises(EdgeError, match="No command for a camera is installed"):
        command_for("")


def test_numpy_s_threads_are_bounded_unless_somebody_says_otherwise(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert main([model]) == program.USAGE
    assert os.environ.pop("OPENBLAS_NUM_THREADS") == "1"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe", b"two words"])
def test_a_file_without_a_key_is_told_before_anything_waits(
    model: str, photo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    key = tmp_path / "key.txt"
    key.write_bytes(content)
    assert main([model, photo, "--sync", "http://localhost", "--key", str(key)]) == 1
    assert error(capsys) == {"code": "file", "message": f"{key}: holds no API key."}


def test_what_a_camera_s_shell_has_started_ends_with_it(tmp_path: Path) -> None:
    """It holds the pipes, which would be waited for."""
    (tmp_path / "child.sh").write_text("sleep 600 & echo $! > child.pid; wait")
    with opened_camera(f"sh -c 'cd {tmp_path} && . ./child.sh'"):
        file = tmp_path / "child.pid"
        until(lambda: file.exists() and file.read_text().strip() != "")
        child = int(file.read_text())
    until(lambda: not is_running(child))


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def test_a_camera_that_sends_nothing_is_an_error(tmp_path: Path) -> None:
    with (
        opened_camera("sleep 600") as camera,
        pytest.raises(EdgeError, match=r"no frame for 0\.1 seconds"),
    ):
        camera._silent_s = 0.1
        list(camera.frames(threading.Event()))


def test_asked_twice_to_end_it_ends_at_once_and_says_nothing(
    model: str, photo: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_given: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "_run", ended)
    assert main([model, photo]) == 130
    said = capsys.readouterr()
    assert said.out == said.err == ""
