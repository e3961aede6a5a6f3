import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from training.data.cache import cached_bytes
from training.errors import DatasetError
from visionflow.images.pipeline import UInt8Array

PARTS = [np.arange(5, dtype=np.uint8), np.full((2, 3), 7, np.uint8)]
FLAT = [0, 1, 2, 3, 4, 7, 7, 7, 7, 7, 7]

WRITER = """
import pathlib, sys, time
import numpy as np
from training.data.cache import cached_bytes

def slowly():
    yield np.ones(1_000_000, np.uint8)
    print("writing", flush=True)
    time.sleep(60)

cached_bytes(pathlib.Path(sys.argv[1]), slowly)
"""


def never() -> list[UInt8Array]:
    raise AssertionError("the file is there already")


def test_arrays_lie_one_behind_the_other(tmp_path: Path) -> None:
    assert cached_bytes(None, lambda: PARTS).tolist() == FLAT
    assert cached_bytes(tmp_path / "new" / "a", lambda: PARTS).tolist() == FLAT


def test_what_is_there_is_not_produced_again(tmp_path: Path) -> None:
    cached_bytes(tmp_path / "a", lambda: PARTS)
    assert cached_bytes(tmp_path / "a", never).tolist() == FLAT


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    def failing() -> Iterator[UInt8Array]:
        yield PARTS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_bytes(tmp_path / "a", failing)
    assert [file.name for file in tmp_path.iterdir()] == [".lock"]


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full, where every write finds the disk full")
    (tmp_path / "a.partial").symlink_to(full)
    with pytest.raises(DatasetError, match=f"{tmp_path}: the disk is full.+free some space"):
        cached_bytes(tmp_path / "a", lambda: [np.zeros(1_000_000, np.uint8)])
    assert not (tmp_path / "a").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatasetError, match="file: images cannot be kept here"):
        cached_bytes(tmp_path / "file" / "a", lambda: PARTS)


def test_what_a_killed_process_left_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "a"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        writer.kill()
    assert (tmp_path / "a.partial").exists()
    assert not path.exists()
    assert cached_bytes(path, lambda: PARTS).tolist() == FLAT
    assert not (tmp_path / "a.partial").exists()


def test_of_several_at_once_one_writes_and_the_others_wait(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[UInt8Array]:
        began.set()
        assert go_on.wait(10)
        yield from PARTS

    first = threading.Thread(target=cached_bytes, args=(tmp_path / "a", slowly))
    first.start()
    assert began.wait(10)
    second = threading.Thread(target=cached_bytes, args=(tmp_path / "a", never))
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert cached_bytes(tmp_path / "a", never).tolist() == FLAT
