"""Aliases, shadow, feedback and counters on the local cloud, each function with its own role."""

import json

import pytest

from lambdas.classification.active_model import REFRESH_S
from tests.e2e.cloud import Answer, Cloud, Record, eventually
from tests.e2e.conftest import answer, serves, visionflow
from tests.tiny_model import write_tiny_run
from visionflow.insights.counters import CounterStore
from visionflow.insights.shadows import ShadowStore
from visionflow.models.ref import ModelRef
from visionflow.models.registry import ModelRegistry

pytestmark = pytest.mark.e2e

VERSION = "watched"
MODEL = f"tiny/{VERSION}"


@pytest.fixture(scope="module")
def published(
    cloud: Cloud, registry: ModelRegistry, tmp_path_factory: pytest.TempPathFactory
) -> ModelRegistry:
    run = write_tiny_run(tmp_path_factory.mktemp("run"))
    done = visionflow("publish", str(run), "--version", VERSION, state=cloud.state)
    assert done.returncode == 0, done.stderr
    return registry


def post(cloud: Cloud, path: str, body: object = None) -> Answer:
    data = json.dumps(body or {}).encode()
    return cloud.call("POST", path, data, "application/json")


def stats(cloud: Cloud) -> Record:
    found = cloud.call("GET", "/stats")
    assert found.status == 200, found.body
    return found.body


def test_the_counters_equal_the_history(cloud: Cloud) -> None:
    """Through the real stream: everything that the tests before have recorded, too."""
    answer(cloud)

    def look() -> bool | None:
        rows = list(cloud.logs())
        return stats(cloud)["total"] == len(rows) or None

    eventually(look, 30, "counters that equal the history")


def test_a_shadow_is_compared_with_what_serves(cloud: Cloud, published: ModelRegistry) -> None:
    moved = post(cloud, f"/models/{MODEL}/shadow")
    assert moved.body["aliases"]["shadow"]["version"] == VERSION
    production = published.current()
    assert production is not None
    asked: list[str] = []

    def look() -> Record | None:
        asked.append(answer(cloud)["id"])
        models = {"models": f"{production.text},{MODEL}"}
        items = cloud.call("GET", "/models/compare", query=models).body["items"]
        return items[1] if items[1]["compared"] else None

    found = eventually(look, 40, "an image that both have seen")
    assert 0 <= found["agreement"] <= 1
    assert found["p50_ms"] > 0
    # Counted with it: the answer itself, which only the shadow's function may write.
    insights, predictions = cloud.outputs.insights_table, cloud.outputs.predictions_table
    counters = CounterStore(insights, cloud.dynamodb)
    shadows = ShadowStore(insights, predictions, cloud.dynamodb, counters)
    kept = [shadows.get(prediction_id, ModelRef("tiny", VERSION)) for prediction_id in asked]
    answers = [one for one in kept if one is not None]
    assert len(answers) >= found["compared"]
    assert {one.best for one in answers} <= {"red", "green", "blue"}


def test_a_canary_answers_and_is_taken_back(cloud: Cloud, published: ModelRegistry) -> None:
    refused = post(cloud, f"/models/{MODEL}/canary", {"percent": 99})
    assert (refused.status, refused.body["code"]) == (409, "canary_or_shadow")
    cloud.call("DELETE", "/models/shadow")
    moved = post(cloud, f"/models/{MODEL}/canary", {"percent": 99})
    assert moved.body["aliases"]["canary"]["percent"] == 99
    eventually(lambda: True if serves(cloud) == "tiny" else None, 3 * REFRESH_S, "the canary")
    promoted = post(cloud, f"/models/{MODEL}/promote", {"reason": "a test"})
    assert promoted.body["aliases"]["canary"] is None
    back = post(cloud, "/models/rollback", {"reason": "a test"})
    assert back.body["aliases"]["production"]["name"] != "tiny"
    moves = cloud.call("GET", "/models/history", query={"limit": 1}).body["items"]
    assert (moves[0]["action"], moves[0]["by"]) == ("rollback", "anonymous")


def test_feedback_reaches_the_statistics(cloud: Cloud) -> None:
    asked = answer(cloud)
    model = "{name}/{version}".format(**asked["model"])
    before = stats(cloud)["feedback"]["by_model"].get(model, {"n": 0})["n"]
    given = post(cloud, f"/predictions/{asked['id']}/feedback", {"label": asked["label"]})
    assert given.body["feedback"]["label"] == asked["label"]

    def look() -> Record | None:
        found = stats(cloud)["feedback"]["by_model"].get(model)
        return found if found and found["n"] == before + 1 else None

    found = eventually(look, 30, "the word in the statistics")
    assert found["per_label"][asked["label"]]["correct"] >= 1
    uncertain = cloud.call("GET", "/uncertain", query={"limit": 100}).body["items"]
    assert asked["id"] not in {item["id"] for item in uncertain}
