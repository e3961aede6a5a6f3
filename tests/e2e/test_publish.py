"""A run published to the running local cloud answers from then on."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lambdas.classification.active_model import REFRESH_S
from tests.e2e.cloud import Cloud, Record, eventually
from tests.e2e.conftest import visionflow
from tests.images import encode, plain
from tests.tiny_model import write_tiny_run
from visionflow.models.gate import GATE_EXIT_CODE
from visionflow.models.registry import ModelRegistry
from visionflow.models.routing import Order

pytestmark = pytest.mark.e2e


@pytest.fixture
def starter_again(cloud: Cloud) -> Iterator[None]:
    """Promotes afterwards what was active before: the other tests expect it."""
    registry = ModelRegistry(cloud.outputs.registry_table, cloud.dynamodb)
    before = registry.current()
    assert before is not None
    yield
    registry.promote(before, Order("the tests", datetime.now(UTC)))
    eventually(lambda: answer_by(cloud, before.name), 3 * REFRESH_S, f"an answer by {before.name}")


def answer_by(cloud: Cloud, model: str) -> Record | None:
    """A prediction, if ``model`` is what answers."""
    body = cloud.call("POST", "/predict", encode(plain()), "image/png").body
    return body if body["model"]["name"] == model else None


def test_a_promoted_run_answers_the_predictions_that_follow(
    cloud: Cloud, starter_again: None, tmp_path: Path
) -> None:
    run = write_tiny_run(tmp_path / "run")
    published = visionflow("publish", str(run), "--promote", "--json", state=cloud.state)
    assert published.returncode == 0, published.stderr
    found = json.loads(published.stdout)
    assert found["serves"] is True
    answer = eventually(lambda: answer_by(cloud, "tiny"), 3 * REFRESH_S, "an answer by tiny")
    # Its own version, or the one that has the same content already.
    assert answer["model"] == {"name": "tiny", "version": found["version"]}
    assert {score["label"] for score in answer["top_k"]} == {"red", "green", "blue"}


def test_a_run_without_a_passed_gate_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    run = write_tiny_run(tmp_path / "run", gate=())
    refused = visionflow("publish", str(run), "--version", "2", state=cloud.state)
    assert refused.returncode == GATE_EXIT_CODE
    assert "has not passed its gate" in refused.stderr
    forced = visionflow(
        *("publish", str(run), "--version", "2", "--force", "a trial", "--json"), state=cloud.state
    )
    assert forced.returncode == 0, forced.stderr
    force = json.loads(forced.stdout)["force"]
    assert force["reason"] == "a trial"
    assert force["by"]
