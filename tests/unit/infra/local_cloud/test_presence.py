"""A local cloud that is busy, or just coming, is waited for and not called "not running"."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import CommandError
from infra.local_cloud import emulator, presence
from infra.local_cloud.emulator import Emulator
from infra.local_cloud.presence import answering, present
from infra.packaging.workspace import Workspace, exclusive, is_held

FOUND = Emulator(pid=1, port=4566, token="token")


class Cloud:
    """An emulator of which a test says what it does at each look."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.alive = True
        self.healthy = [True]
        self.looks = 0

    def health(self) -> bool:
        self.looks += 1
        return self.healthy.pop(0) if len(self.healthy) > 1 else self.healthy[0]


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    cloud = Cloud(Workspace(state=tmp_path))
    cloud.workspace.outputs.write_text("{}")
    monkeypatch.setattr(emulator, "recorded", lambda _: FOUND)
    monkeypatch.setattr(Emulator, "is_alive", lambda _: cloud.alive)
    monkeypatch.setattr(Emulator, "is_healthy", lambda _: cloud.health())
    monkeypatch.setattr(presence, "_LOOK_SECONDS", 0.0)
    yield cloud


def test_one_that_answers_is_there_at_once(cloud: Cloud) -> None:
    assert present(cloud.workspace) == FOUND
    assert cloud.looks == 1


def test_a_busy_one_is_waited_for(cloud: Cloud) -> None:
    cloud.healthy = [False, False, True]
    assert present(cloud.workspace) == FOUND


def test_one_that_stays_busy_is_called_busy(cloud: Cloud) -> None:
    cloud.healthy = [False]
    with pytest.raises(CommandError, match=r"process 1, port 4566\) and is too busy to answer"):
        answering(cloud.workspace, busy_seconds=0.0)


def test_one_that_dies_meanwhile_is_not_running(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = [True, True, False]
    monkeypatch.setattr(Emulator, "is_alive", lambda _: lives.pop(0) if lives else False)
    cloud.healthy = [False]
    with pytest.raises(CommandError, match="No local cloud is running"):
        present(cloud.workspace)


def test_one_that_another_up_is_making_is_waited_for(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.workspace.outputs.unlink()
    held = iter([True, True])

    def is_held_now(lock: Path) -> bool:
        if next(held, None):
            return True
        cloud.workspace.outputs.write_text("{}")
        return False

    monkeypatch.setattr(presence, "is_held", is_held_now)
    assert present(cloud.workspace) == FOUND


def test_without_any_no_wait_is_made(cloud: Cloud) -> None:
    cloud.alive = False
    with pytest.raises(CommandError, match="No local cloud is running"):
        present(cloud.workspace)


def test_a_lock_is_held_until_it_is_let_go(tmp_path: Path) -> None:
    lock = tmp_path / "folder" / "lock"
    assert not is_held(lock)
    with exclusive(lock):
        assert is_held(lock)
    assert not is_held(lock)
