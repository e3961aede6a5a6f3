"""What every test may use: a fixed environment, a tiny model, AWS in the process."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from moto import mock_aws

from lambdas.telemetry.settings import TelemetrySettings
from tests.quick_moto import quicken
from tests.tiny_model import write_tiny_artifact
from visionflow.models.manifest import Manifest
from visionflow.models.registry import Tried
from visionflow.models.trial import try_out

os.environ |= TelemetrySettings("visionflow").to_env()

quicken()

# On a busy machine an example may take any time.
hypothesis.settings.register_profile("visionflow", deadline=None)
hypothesis.settings.load_profile("visionflow")


_trials: dict[str, Tried] = {}


@pytest.fixture(autouse=True)
def tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish the same files any number of times and try them once: it takes a process."""

    def known(folder: Path, manifest: Manifest) -> Tried:
        key = replace(manifest, name="any", version="any").to_json()
        if key not in _trials:
            _trials[key] = try_out(folder, manifest)
        return _trials[key]

    monkeypatch.setattr("visionflow.models.publication.try_out", known)


@pytest.fixture(autouse=True)
def no_decoder_left() -> Iterator[None]:
    """End processes that decode: other tests look at the children of this one. A decoder replaces
    a child that is gone."""
    yield
    for child in multiprocessing.active_children():
        if child.name == "decoder":
            child.kill()
            child.join()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that fork first: once torch has started its gradient threads, a forked child
    cannot use them.

    https://github.com/pytorch/pytorch/wiki/Autograd-and-Fork
    """
    items.sort(key=lambda item: "tests/unit/training/fit/" not in item.nodeid)


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """A shell starts background jobs with SIGINT ignored, and their children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def tiny_artifact(tmp_path: Path) -> tuple[Path, Manifest]:
    """A folder with a valid artifact, and its manifest."""
    folder = tmp_path / "artifact"
    return folder, write_tiny_artifact(folder)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS by moto, in this process: no socket is opened."""
    with aws_in_process(monkeypatch):
        yield


@contextmanager
def aws_in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `aws` gives to one test."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield
