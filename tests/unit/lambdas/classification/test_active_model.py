import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from infra.packaging.workspace import PROJECT
from lambdas.classification.active_model import REFRESH_S, RETRY_AWS_S, ActiveModel
from lambdas.classification.at_work import AtWork, deaths
from lambdas.classification.loading import REFUSED_METRIC, RETRY_REFUSED_S, Serving
from tests.bad_models import KINDS, bad_graph, write_bad_artifact
from tests.tiny_model import write_tiny_artifact
from visionflow.errors import ArtifactError, ModelUnavailableError
from visionflow.models.drift import Reference
from visionflow.models.manifest import MANIFEST_NAME, FileEntry, Manifest, read_artifact
from visionflow.models.ref import ModelRef
from visionflow.models.routing import Aliases, Canary

# An id that any canary gets, and one that none gets; test_routing shows how that is decided.
FIRST, LAST = "canary-832", "production-108"


class Registry:
    """Points where the test says, and counts how often it was asked."""

    def __init__(self) -> None:
        self.version: str | None = None
        self.canary: str | None = None
        self.trail: tuple[str, ...] = ()
        self.asked = 0
        self.broken = False

    def aliases(self) -> Aliases:
        self.asked += 1
        if self.broken:
            raise EndpointConnectionError(endpoint_url="https://dynamodb")
        return Aliases(
            production=None if self.version is None else ModelRef("tiny", self.version),
            canary=None if self.canary is None else Canary("tiny", self.canary, 50),
            trail=tuple(ModelRef("tiny", version) for version in self.trail),
        )


class Artifacts:
    """Versions as folders; a missing folder is a missing version."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.fetched: list[str] = []

    def add(self, *versions: str) -> None:
        for version in versions:
            write_tiny_artifact(self.root / version, version)

    def spoil(self, version: str) -> None:
        """Whole by its checksum, and no model."""
        folder = self.root / version
        (folder / "model.onnx").write_bytes(b"whole, but no model")
        manifest = Manifest.parse((folder / MANIFEST_NAME).read_bytes())
        whole = dataclasses.replace(manifest, files={"fp32": FileEntry.of(folder, "model.onnx")})
        (folder / MANIFEST_NAME).write_text(whole.to_json())

    def manifest(self, model: ModelRef) -> Manifest:
        self.fetched.append(model.version)
        if not (self.root / model.version).exists():
            raise ArtifactError("missing")
        return read_artifact(self.root / model.version)

    def fetch(self, manifest: Manifest, cache: Path) -> Path:
        return self.root / manifest.version

    def reference(self, manifest: Manifest) -> Reference | None:
        return None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def parts(tmp_path: Path) -> tuple[Registry, Artifacts, Clock, ActiveModel]:
    registry, artifacts, clock = Registry(), Artifacts(tmp_path), Clock()
    active = ActiveModel(registry, artifacts, cache=tmp_path / "cache", threads=1, clock=clock)  # type: ignore[arg-type]
    return registry, artifacts, clock, active


Parts = tuple[Registry, Artifacts, Clock, ActiveModel]


def test_the_registry_is_asked_once_per_interval(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    for _ in range(10):
        active.get(LAST)
    assert registry.asked == 1
    clock.now += REFRESH_S
    active.get(LAST)
    assert registry.asked == 2


def test_a_promotion_is_followed_after_the_interval(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version = "1"
    first = active.get(LAST)
    registry.version = "2"
    assert active.get(LAST) is first
    clock.now += REFRESH_S
    assert active.get(LAST).model.version == "2"


def test_the_same_version_is_not_loaded_twice(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    classifier = active.get(LAST).classifier
    clock.now += REFRESH_S
    assert active.get(LAST).classifier is classifier


def test_a_canary_that_is_promoted_stays_loaded(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version, registry.canary = "1", "2"
    canary = active.get(FIRST)
    assert (canary.model.version, active.get(LAST).model.version) == ("2", "1")
    assert canary.instead is not None
    assert canary.instead.model.version == "1"
    registry.version, registry.canary = "2", None
    clock.now += REFRESH_S
    assert active.get(LAST).classifier is canary.classifier
    assert active.get(FIRST).instead is None
    assert artifacts.fetched == ["1", "2"]


def test_a_broken_canary_leaves_everything_to_production(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1")
    registry.version, registry.canary = "1", "broken"
    answer = active.get(FIRST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "broken"))
    assert active.get(LAST).refused is None


def test_a_broken_promotion_leaves_the_last_good_version(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    active.get(LAST)
    registry.version = "broken"
    clock.now += REFRESH_S
    answer = active.get(LAST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "broken"))


def test_a_refused_version_is_tried_again_later(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1")
    registry.version = "1"
    active.get(LAST)
    registry.version = "2"
    for _ in range(5):
        clock.now += REFRESH_S
        assert active.get(LAST).model.version == "1"
    assert artifacts.fetched.count("2") == 1
    artifacts.add("2")
    clock.now += RETRY_REFUSED_S
    assert active.get(LAST).model.version == "2"


def test_a_new_container_falls_back_to_what_served_before(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1", "2")
    artifacts.spoil("2")
    registry.version, registry.trail = "3", ("1", "2")
    answer = active.get(LAST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "3"))


def test_a_file_that_onnx_runtime_cannot_open_leaves_the_last_good_version(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version = "1"
    active.get(LAST)
    artifacts.spoil("2")
    registry.version = "2"
    clock.now += REFRESH_S
    assert active.get(LAST).model.version == "1"


def test_a_registry_that_does_not_answer_is_asked_again_soon(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version = "1"
    active.get(LAST)
    registry.version, registry.broken = "2", True
    clock.now += REFRESH_S
    assert active.get(LAST).model.version == "1"
    registry.broken = False
    assert active.get(LAST).model.version == "1"
    clock.now += RETRY_AWS_S
    assert active.get(LAST).model.version == "2"


def test_with_nothing_good_the_model_is_unavailable_until_it_is(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    with pytest.raises(ModelUnavailableError, match="promoted"):
        active.get(LAST)
    registry.version = "1"
    with pytest.raises(ModelUnavailableError, match="cannot be loaded"):
        active.get(LAST)
    artifacts.add("1")
    assert active.get(LAST).model.version == "1"


def answered(active: ActiveModel, failing: tuple[str, ...], error: Exception) -> Serving:
    """Who answers one image at which these versions fail."""
    serving: Serving | None = active.get(LAST)
    while serving and serving.model.version in failing:
        active.refuse(serving, error)
        serving = active.stand_in(serving)
    assert serving is not None
    return serving


def test_at_an_image_that_production_fails_at_the_versions_before_it_are_asked(
    parts: Parts,
) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1", "2", "3")
    registry.version, registry.trail = "3", ("1", "2", "1", "2")
    answer = answered(active, ("3", "2"), RuntimeError("a special image"))
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "3"))
    after = active.get(LAST)
    assert (after.model.version, after.refused) == ("3", None), "only that image"


def test_no_version_is_asked_twice(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1", "2")
    registry.version, registry.trail = "1", ("1", "2", "1", "2")
    first = active.get(LAST)
    second = active.stand_in(first)
    assert second is not None
    assert second.model.version == "2"
    assert active.stand_in(second) is None


def test_a_version_that_takes_too_long_is_left_alone_for_a_while(parts: Parts) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version, registry.trail = "2", ("1",)
    answered(active, ("2",), TimeoutError())
    answer = active.get(LAST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "2"))
    assert artifacts.fetched == ["2", "1"], "the one before stays open"
    clock.now += RETRY_REFUSED_S
    assert active.get(LAST).model.version == "2"


def test_with_nothing_before_it_a_slow_version_goes_on(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1")
    registry.version = "1"
    active.refuse(active.get(LAST), TimeoutError())
    assert active.get(LAST).model.version == "1"


def test_a_slow_canary_and_a_slow_production_leave_all_to_the_one_before(parts: Parts) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1", "2", "3")
    registry.version, registry.canary, registry.trail = "2", "3", ("1",)
    for image in (FIRST, LAST):
        active.refuse(active.get(image), TimeoutError())
    answer = active.get(FIRST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "3"))
    assert active.get(LAST).refused == ModelRef("tiny", "2")


@pytest.mark.parametrize("kind", ["endless", "hungry"])
def test_a_graph_that_takes_too_much_when_it_is_opened_is_refused(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("visionflow.answers.tryout.ANSWER_S", 0.3)
    registry, artifacts, _, active = parts
    artifacts.add("1")
    write_bad_artifact(artifacts.root / "2", "2", bad_graph(KINDS[kind]()))
    registry.version, registry.trail = "2", ("1",)
    answer = active.get(LAST)
    assert (answer.model.version, answer.refused) == ("1", ModelRef("tiny", "2"))


def died(folder: Path, version: str, count: int) -> None:
    """Leave what processes leave that died while ``version`` was at work."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from lambdas.classification.at_work import AtWork;"
        "from visionflow.models.ref import ModelRef;"
        "work = AtWork(Path(sys.argv[1]), ModelRef('tiny', sys.argv[2]));"
        "noted = work.noted(); noted.__enter__(); os._exit(9)"
    )
    for _ in range(count):
        command = [sys.executable, "-c", code, str(folder / "cache-at-work"), version]
        assert subprocess.run(command, check=False, cwd=PROJECT).returncode == 9


def test_a_version_that_killed_two_processes_is_refused(parts: Parts, tmp_path: Path) -> None:
    registry, artifacts, clock, active = parts
    artifacts.add("1", "2")
    registry.version, registry.trail = "2", ("1",)
    died(tmp_path, "2", 2)
    assert active.get(LAST).model.version == "1"
    clock.now += RETRY_REFUSED_S
    assert active.get(LAST).model.version == "1"


def test_one_death_may_have_another_cause(parts: Parts, tmp_path: Path) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1", "2")
    registry.version, registry.trail = "2", ("1",)
    died(tmp_path, "2", 1)
    assert active.get(LAST).model.version == "2"


def test_with_nothing_else_to_answer_deaths_do_not_count(parts: Parts, tmp_path: Path) -> None:
    registry, artifacts, _, active = parts
    artifacts.add("1")
    registry.version = "1"
    died(tmp_path, "1", 2)
    assert active.get(LAST).model.version == "1"


def test_deaths_are_forgotten(tmp_path: Path) -> None:
    died(tmp_path, "1", 2)
    folder, model = tmp_path / "cache-at-work", ModelRef("tiny", "1")
    assert deaths(folder, model) == 2
    alive = AtWork(folder, model)
    with alive.noted():
        assert deaths(folder, model) == 2
    for note in folder.rglob("*"):
        os.utime(note, (0, 0))
    assert deaths(folder, model) == 0
    assert sum(note.is_file() for note in folder.rglob("*")) == 1, "that of the living one"


class Disk(Artifacts):
    """With copies in the cache, and what lay there of visitors when a version came."""

    visitors: tuple[str, ...] = ()

    def fetch(self, manifest: Manifest, cache: Path) -> Path:
        visiting = cache.parent / "cache-visiting"
        self.visitors = tuple(file.name for file in visiting.glob("*/*"))
        folder = cache / manifest.name / manifest.version
        shutil.copytree(self.root / manifest.version, folder, dirs_exist_ok=True)
        return folder


@pytest.fixture
def on_disk(tmp_path: Path) -> Parts:
    registry, artifacts, clock = Registry(), Disk(tmp_path), Clock()
    active = ActiveModel(registry, artifacts, cache=tmp_path / "cache", threads=1, clock=clock)  # type: ignore[arg-type]
    return registry, artifacts, clock, active


def test_a_visitor_leaves_before_what_serves_is_loaded(on_disk: Parts, tmp_path: Path) -> None:
    registry, artifacts, clock, active = on_disk
    artifacts.add("1", "2", "3")
    registry.version = "3"
    active.get(LAST)
    assert active.version(ModelRef("tiny", "1")).model.version == "1"
    assert (tmp_path / "cache-visiting/tiny/1").exists()
    registry.version = "2"
    clock.now += REFRESH_S
    assert active.get(LAST).model.version == "2"
    assert artifacts.visitors == ()  # type: ignore[attr-defined]
    assert not (tmp_path / "cache-visiting/tiny/1").exists()
    assert active.version(ModelRef("tiny", "1")).model.version == "1"


def test_a_visitor_leaves_before_a_stand_in_is_loaded(on_disk: Parts, tmp_path: Path) -> None:
    registry, artifacts, _, active = on_disk
    artifacts.add("1", "2", "3")
    registry.version, registry.trail = "3", ("2",)
    active.version(ModelRef("tiny", "1"))
    active.stand_in(active.get(LAST))
    assert artifacts.visitors == ()  # type: ignore[attr-defined]


def test_a_visitor_that_cannot_be_loaded_rings_no_alarm(
    on_disk: Parts, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    registry, artifacts, clock, active = on_disk
    artifacts.add("1", "2")
    artifacts.spoil("2")
    registry.version = "1"
    with pytest.raises(ModelUnavailableError):
        active.version(ModelRef("tiny", "2"))
    assert REFUSED_METRIC not in capsys.readouterr().out
    assert not (tmp_path / "cache-visiting/tiny/2").exists()
    # In production it does.
    registry.version = "2"
    clock.now += REFRESH_S
    assert active.get(LAST).model.version == "1"
    assert REFUSED_METRIC in capsys.readouterr().out
