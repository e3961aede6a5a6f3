import dataclasses
from pathlib import Path

import pytest

from lambdas.active_model import REFRESH_S, ActiveModel
from tests.tiny_model import write_tiny_artifact
from visionflow.errors import ArtifactError, ModelUnavailableError
from visionflow.manifest import MANIFEST_NAME, FileEntry, Manifest, read_artifact
from visionflow.predictions import ModelRef


class Registry:
    """Points where the test says, and counts how often it was asked."""

    def __init__(self) -> None:
        self.version: str | None = None
        self.asked = 0

    def current(self) -> ModelRef | None:
        self.asked += 1
        return None if self.version is None else ModelRef("tiny", self.version)


class Artifacts:
    """Versions as folders; a missing folder is a missing version."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(self, version: str) -> None:
        write_tiny_artifact(self.root / version, version)

    def manifest(self, model: ModelRef) -> Manifest:
        if not (self.root / model.version).exists():
            raise ArtifactError("missing")
        return read_artifact(self.root / model.version)

    def fetch(self, manifest: Manifest, cache: Path) -> Path:
        return self.root / manifest.version / manifest.served_file.path


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Registry, Artifacts, Clock, ActiveModel]:
    registry, artifacts, clock = Registry(), Artifacts(tmp_path), Clock()
    active = ActiveModel(registry, artifacts, cache=tmp_path, threads=1, clock=clock)  # type: ignore[arg-type]
    return registry, artifacts, clock, active


Parts = tuple[Registry, Artifacts, Clock, ActiveModel]


def test_the_registry_is_asked_once_per_interval(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    for _ in range(10):
        active.get()
    assert registry.asked == 1
    clock.now += REFRESH_S
    active.get()
    assert registry.asked == 2


def test_a_promotion_is_followed_after_the_interval(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    for version in ("1", "2"):
        artifacts.add(version)
    registry.version = "1"
    first = active.get()
    registry.version = "2"
    assert active.get() is first
    clock.now += REFRESH_S
    assert active.get()[0].version == "2"


def test_the_same_version_is_not_loaded_twice(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    _, classifier = active.get()
    clock.now += REFRESH_S
    assert active.get()[1] is classifier


def test_a_broken_promotion_leaves_the_last_good_version(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    active.get()
    registry.version = "broken"
    clock.now += REFRESH_S
    assert active.get()[0].version == "1"


def test_a_file_that_onnx_runtime_cannot_open_leaves_the_last_good_version(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    for version in ("1", "2"):
        artifacts.add(version)
    registry.version = "1"
    active.get()
    folder = artifacts.root / "2"
    (folder / "model.onnx").write_bytes(b"whole, but no model")
    manifest = Manifest.parse((folder / MANIFEST_NAME).read_bytes())
    whole = dataclasses.replace(manifest, files={"fp32": FileEntry.of(folder, "model.onnx")})
    (folder / MANIFEST_NAME).write_text(whole.to_json())
    registry.version = "2"
    clock.now += REFRESH_S
    assert active.get()[0].version == "1"


def test_with_nothing_good_the_model_is_unavailable_until_it_is(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    with pytest.raises(ModelUnavailableError, match="promoted"):
        active.get()
    registry.version = "1"
    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        active.get()
    artifacts.add("1")
    assert active.get()[0].version == "1"
