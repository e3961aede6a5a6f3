from pathlib import Path

import pytest

from visionflow.whole_file import whole_file


def test_the_file_appears_when_the_block_is_through(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    with whole_file(path) as partial:
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [file.name for file in path.parent.iterdir()] == ["file.json"]


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_an_error_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "file.json"
    path.write_text("old")
    with pytest.raises(type(error)), whole_file(path) as partial:
        partial.write_text("hal")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_writers_of_a_shared_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    with whole_file(path, shared=True) as slow:
        slow.write_text("slow, and ")
        with whole_file(path, shared=True) as fast:
            fast.write_text("fast")
        assert path.read_text() == "fast"
        with slow.open("a") as file:
            file.write("whole")
    assert path.read_text() == "slow, and whole"
    assert list(tmp_path.iterdir()) == [path]
