"""Versions of a backfill, and processes that died while one was at work."""

from pathlib import Path

import pytest

from lambdas.chunk.versions import _DEATHS, Versions
from lambdas.classification.at_work import deaths
from lambdas.classification.loading import Loader
from tests.unit.lambdas.classification.test_active_model import Artifacts, died
from visionflow.errors import ModelUnavailableError
from visionflow.models.ref import ModelRef

MODEL = ModelRef("tiny", "1")


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    artifacts = Artifacts(tmp_path / "artifacts")
    artifacts.add("1")
    return artifacts


def opener(store: Artifacts, tmp_path: Path) -> Versions:
    """As a new process makes it."""
    versions = Versions(store, 1)  # type: ignore[arg-type]
    versions._loader = Loader(store, tmp_path / "cache", 1, rings=False, deaths=_DEATHS)  # type: ignore[arg-type]
    return versions


def test_workers_that_somebody_ended_do_not_refuse_the_only_version(
    store: Artifacts, tmp_path: Path
) -> None:
    died(tmp_path, "1", 3)
    (serving,) = opener(store, tmp_path).opened(("tiny/1",))
    assert serving.model == MODEL


def test_a_version_that_never_answers_is_refused_in_the_end(
    store: Artifacts, tmp_path: Path
) -> None:
    died(tmp_path, "1", _DEATHS)
    with pytest.raises(ModelUnavailableError, match="processes died"):
        opener(store, tmp_path).opened(("tiny/1",))


def test_an_answer_forgives_the_deaths_before_it(store: Artifacts, tmp_path: Path) -> None:
    died(tmp_path, "1", _DEATHS - 1)
    versions = opener(store, tmp_path)
    (serving,) = versions.opened(("tiny/1",))
    versions.answered(serving.model)
    assert deaths(tmp_path / "cache-at-work", MODEL) == 0
    died(tmp_path, "1", _DEATHS - 1)
    assert opener(store, tmp_path).opened(("tiny/1",))
