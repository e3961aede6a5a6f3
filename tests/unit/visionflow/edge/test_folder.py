"""Only finished files are found, each state of a file once, and junk never."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from visionflow.edge.errors import EdgeError
from visionflow.edge.folder import Found, WatchedFolder, listed

LONG_AGO = time.time() - 1_000


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def names(found: object) -> list[str]:
    return [one.name for one in found]  # type: ignore[attr-defined]


def put(path: Path, content: bytes = b"image", at: float = LONG_AGO) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (at, at))
    return path


def age(folder: Path) -> None:
    """As if its names had come a while ago."""
    os.utime(folder, (LONG_AGO, LONG_AGO))


def test_images_that_lie_there_are_found_at_once(tmp_path: Path, clock: Clock) -> None:
    for name in ("b.jpg", "a.PNG", "sub/deep/c.heic", "notes.txt", "answers.jsonl", "d.jpg.part"):
        put(tmp_path / name)
    watched = WatchedFolder(tmp_path, clock)
    assert names(watched.finished()) == ["a.PNG", "b.jpg", "sub/deep/c.heic"]


def test_what_systems_leave_is_no_image(tmp_path: Path, clock: Clock) -> None:
    for name in (".hidden.jpg", "._a.jpg", "@eaDir/a.jpg", "__MACOSX/a.jpg", ".trash/a.jpg"):
        put(tmp_path / name)
    assert names(WatchedFolder(tmp_path, clock).finished()) == []


def test_a_file_that_grows_is_found_when_nothing_has_changed_for_a_while(
    tmp_path: Path, clock: Clock
) -> None:
    watched = WatchedFolder(tmp_path, clock)
    file = put(tmp_path / "a.jpg", b"1", time.time())
    assert names(watched.finished()) == []
    clock.now += 0.9
    assert names(watched.finished()) == []
    put(file, b"12", time.time() + 1)
    clock.now += 0.9
    assert names(watched.finished()) == []
    clock.now += 1.1
    (found,) = watched.finished()
    assert (found.name, found.size) == ("a.jpg", 2)
    assert names(watched.finished()) == []


def test_a_file_whose_clock_is_ahead_is_found_too(tmp_path: Path, clock: Clock) -> None:
    watched = WatchedFolder(tmp_path, clock)
    put(tmp_path / "a.jpg", at=time.time() + 5_000)
    assert names(watched.finished()) == []
    clock.now += 1.1
    assert names(watched.finished()) == ["a.jpg"]


def test_a_file_that_is_renamed_into_the_folder_is_found_at_once(
    tmp_path: Path, clock: Clock
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    watched = WatchedFolder(folder, clock)
    assert names(watched.finished()) == []
    put(folder / "a.jpg.part")
    assert names(watched.finished()) == []
    (folder / "a.jpg.part").rename(folder / "a.jpg")
    assert names(watched.finished()) == ["a.jpg"]


def test_a_folder_is_listed_again_only_when_its_names_change(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "sub" / "a.jpg")
    age(tmp_path / "sub")
    age(tmp_path)
    watched = WatchedFolder(tmp_path, clock)
    assert names(watched.finished()) == ["sub/a.jpg"]
    scanned: list[str] = []
    scandir = os.scandir

    def recorded(path: str) -> Iterator[os.DirEntry[str]]:
        scanned.append(path)
        return scandir(path)

    monkeypatch.setattr("visionflow.edge.folder.os.scandir", recorded)
    assert names(watched.finished()) == []
    assert scanned == []
    put(tmp_path / "sub" / "b.jpg")
    assert "sub/b.jpg" in names(watched.finished())
    assert scanned == [str(tmp_path / "sub")]


def test_a_file_or_folder_that_goes_away_is_forgotten(tmp_path: Path, clock: Clock) -> None:
    watched = WatchedFolder(tmp_path, clock)
    file = put(tmp_path / "sub" / "a.jpg", at=time.time())
    assert names(watched.finished()) == []
    file.unlink()
    file.parent.rmdir()
    clock.now += 5
    assert names(watched.finished()) == []
    put(file)
    assert names(watched.finished()) == ["sub/a.jpg"]


def test_a_file_without_its_end_is_found_again_when_it_changes(
    tmp_path: Path, clock: Clock
) -> None:
    watched = WatchedFolder(tmp_path, clock)
    file = put(tmp_path / "a.jpg", b"1", time.time())
    assert names(watched.finished()) == []
    clock.now += 2
    (found,) = watched.finished()
    assert watched.again(found)
    clock.now += 5
    assert names(watched.finished()) == []
    put(file, b"12", time.time() + 1)
    assert names(watched.finished()) == []
    clock.now += 2
    assert [one.size for one in watched.finished()] == [2]


def test_a_file_that_stays_without_its_end_is_given_up(tmp_path: Path, clock: Clock) -> None:
    watched = WatchedFolder(tmp_path, clock)
    file = put(tmp_path / "a.jpg")
    old = Found(file, "a.jpg", 5, int(LONG_AGO * 1e9))
    assert not watched.again(old)


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="no such folder; make it"):
        WatchedFolder(tmp_path / "none")


def test_files_and_folders_that_are_named_come_in_their_order(tmp_path: Path) -> None:
    second = put(tmp_path / "z.jpg")
    for name in ("in/b.jpg", "in/a.jpg", "in/notes.txt", "in/.git/c.jpg"):
        put(tmp_path / name)
    found = [one.path.name for one in listed([second, tmp_path / "in"])]
    assert found == ["z.jpg", "a.jpg", "b.jpg"]
    with pytest.raises(EdgeError, match=r"none\.jpg: No such file"):
        list(listed([tmp_path / "none.jpg"]))


def test_a_file_that_is_written_over_in_place_is_found_again(tmp_path: Path, clock: Clock) -> None:
    file = put(tmp_path / "latest.jpg", b"1")
    age(tmp_path)
    watched = WatchedFolder(tmp_path, clock)
    assert names(watched.finished()) == ["latest.jpg"]
    put(file, b"12", LONG_AGO + 1)
    age(tmp_path)
    assert names(watched.finished()) == []
    clock.now += 5.1
    (found,) = watched.finished()
    assert found.size == 2


def test_a_name_that_is_no_text_is_written_so_that_it_can_be_kept(
    tmp_path: Path, clock: Clock
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xc3\xa4.jpg"))
    try:
        put(path)
    except OSError:
        pytest.skip("the file system has no such names")
    (watched,) = WatchedFolder(tmp_path, clock).finished()
    assert watched.name == "%FFä.jpg"
    (given,) = listed([tmp_path])
    assert given.name.endswith("/%FFä.jpg")
    assert watched.path == given.path == path


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path / "b.jpg")
    (tmp_path / "a.jpg").symlink_to("nowhere")
    os.mkfifo(tmp_path / "c.jpg")
    (tmp_path / "d.jpg").mkdir()
    assert [one.path.name for one in listed([tmp_path])] == ["b.jpg"]


def test_a_file_that_is_not_there_is_said_before_any_is_found(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"none\.jpg: No such file"):
        listed([put(tmp_path / "a.jpg"), tmp_path / "none.jpg"])
