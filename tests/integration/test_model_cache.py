"""The cache of a container that lives through many promotions, and one that is full."""

import errno
from pathlib import Path

import pytest

import lambdas.predict.handler
from tests.images import encode, plain
from tests.integration.conftest import Cloud
from tests.tiny_model import write_tiny_artifact

IMAGE = encode(plain())
FOLLOWING = ("2", "3", "4", "5")


@pytest.fixture
def served(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Version 1 serves and is loaded; four others are published. Moves are followed at once."""
    monkeypatch.setattr("lambdas.classification.active_model.REFRESH_S", 0)
    monkeypatch.setattr("lambdas.shadow.model.REFRESH_S", 0)
    for version in FOLLOWING:
        write_tiny_artifact(tmp_path / version, version)
        cloud.publish(tmp_path / version, promote=False)
    assert answered_by(cloud) == "1"
    return cloud


def answered_by(cloud: Cloud) -> str:
    version: str = cloud.predict(IMAGE).body["model"]["version"]
    return version


def cached(tmp_path: Path) -> set[str]:
    return {file.parent.name for file in (tmp_path / "models").rglob("*") if file.is_file()}


def test_only_what_serves_and_the_way_back_stay_in_the_cache(served: Cloud, tmp_path: Path) -> None:
    before = "1"
    for version in FOLLOWING:
        served.promote(version)
        assert answered_by(served) == version
        assert cached(tmp_path) == {before, version}
        before = version


def test_what_any_alias_points_at_stays_in_the_cache(served: Cloud, tmp_path: Path) -> None:
    body = b'{"percent": 50}'
    canary = served.call("POST", "/models/tiny/2/canary", None, body, "application/json")
    assert canary.status == 200
    assert served.call("POST", "/models/tiny/3/shadow").status == 200
    while answered_by(served) != "2":
        pass
    served.count(served.stream())
    assert served.run_shadow() > 0
    assert cached(tmp_path) == {"1", "2", "3"}
    answered_by(served)
    assert cached(tmp_path) == {"1", "2", "3"}


def test_a_full_disk_refuses_the_version_and_the_last_good_one_goes_on(
    served: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    whole = Path.write_bytes

    def half(path: Path, data: bytes) -> int:
        whole(path, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    served.promote("2")
    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", half)
        answer = served.predict(IMAGE).body
        assert answer["model"]["version"] == "1"
        assert answer["refused"] == {"name": "tiny", "version": "2"}
        lambdas.predict.handler.service.cache_clear()
        assert answered_by(served) == "1", "a new container takes the one before"
    assert "cannot be kept in" in caplog.text
    assert "No space left on device" in caplog.text
    assert cached(tmp_path) == {"1"}
    lambdas.predict.handler.service.cache_clear()
    assert answered_by(served) == "2"
