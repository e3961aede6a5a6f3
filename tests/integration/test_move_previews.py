"""What a preview says of a move is what the move then does, seen through the API."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Cloud
from tests.tiny_model import LABELS, write_tiny_artifact
from visionflow.models.ref import ModelRef
from visionflow.models.rollback_rule import RollbackRule

Json = dict[str, Any]

# Two models whose versions are called alike, one with other classes.
CLASSES = {
    "tiny/1": LABELS,
    "tiny/2": LABELS,
    "other/1": ("blue", "green", "violet"),
    "other/2": ("green", "pink", "violet"),
}
STEPS = 30


@pytest.fixture
def models(cloud: Cloud, tmp_path: Path) -> Cloud:
    """``tiny/1`` in production, the others published, and the rollback rule on."""
    for text, labels in list(CLASSES.items())[1:]:
        name, version = text.split("/")
        write_tiny_artifact(tmp_path / text, version, name=name, labels=labels)
        cloud.publish(tmp_path / text, promote=False)
    cloud.registry.set_rule(RollbackRule(enabled=True))
    return cloud


def preview(cloud: Cloud, move: str, model: str | None = None, percent: int | None = None) -> Any:
    query = {"move": move, "model": model, "percent": percent}
    asked = {name: value for name, value in query.items() if value is not None}
    return cloud.call("GET", "/models/preview", asked)


def make(
    cloud: Cloud, move: str, model: str | None, percent: int | None, revision: int | None = None
) -> Any:
    if move in ("end_canary", "end_shadow"):
        seen = None if revision is None else {"revision": revision}
        return cloud.call("DELETE", f"/models/{move.removeprefix('end_')}", seen)
    path = "/models/rollback" if move == "rollback" else f"/models/{model}/{move}"
    body = {"revision": revision} | ({"percent": percent} if move == "canary" else {})
    return cloud.call("POST", path, None, json.dumps(body).encode(), "application/json")


def text(model: Json | None) -> str | None:
    return f"{model['name']}/{model['version']}" if model else None


def observed(cloud: Cloud) -> Json:
    """What people can see of the aliases, and to which version a rollback would return."""
    found = cloud.call("GET", "/models").body
    aliases = found["aliases"]
    back = preview(cloud, "rollback")
    trial = cloud.registry.aliases().trial
    return {
        "aliases": aliases,
        "production": text(aliases["production"]),
        "canary": text(aliases["canary"]),
        "percent": aliases["canary"] and aliases["canary"]["percent"],
        "shadow": text(aliases["shadow"]),
        "back": text(back.body["aliases"]["production"]) if back.status == 200 else None,
        "retired": {text(item) for item in found["items"] if item["retired"]},
        "trial": trial and (trial.model.text, trial.since),
    }


def expected_effects(before: Json, after: Json) -> set[tuple[Any, ...]]:
    """As tuples of kind, model, instead of and percent, from what was seen before and after."""
    found: set[tuple[Any, ...]] = set()
    if before["production"] != after["production"]:
        found.add(("production", after["production"], before["production"], None))
    share, earlier = ((state["canary"], state["percent"]) for state in (after, before))
    if share != earlier and after["canary"]:
        found.add(("canary", after["canary"], after["production"], after["percent"]))
    if before["canary"] and before["canary"] != after["canary"]:
        found.add(("canary_ends", before["canary"], None, before["percent"]))
    if before["shadow"] != after["shadow"]:
        ends = (("shadow", after["shadow"]), ("shadow_ends", before["shadow"]))
        found |= {(kind, model, None, None) for kind, model in ends if model}
    if before["back"] != after["back"]:
        found.add(("rollback_to", after["back"], None, None))
    found |= {("retired", model, None, None) for model in after["retired"] - before["retired"]}
    return found | expected_watch(before, after)


def expected_watch(before: Json, after: Json) -> set[tuple[Any, ...]]:
    found: set[tuple[Any, ...]] = set()
    old, new = before["trial"], after["trial"]
    if new and new != old:
        found.add(("watched", new[0], None, None))
    if old and old[0] == after["production"] and (not new or new[0] != old[0]):
        found.add(("unwatched", old[0], None, None))
    return found


def expected_classes(before: Json, after: Json) -> list[Json]:
    """For everybody, for the share of a canary that begins, and for that of one that ends."""
    pairs = []
    if before["production"] != after["production"]:
        pairs.append((after["production"], before["production"], 100))
    share, earlier = ((state["canary"], state["percent"]) for state in (after, before))
    if after["canary"] and share != earlier:
        pairs.append((after["canary"], after["production"], after["percent"]))
    if before["canary"] and before["canary"] not in (after["canary"], after["production"]):
        pairs.append((after["production"], before["canary"], before["percent"]))
    found = []
    for then, now, percent in pairs:
        new, old = set(CLASSES[then]), set(CLASSES[now])
        lost, gained = sorted(old - new), sorted(new - old)
        found.append({"percent": percent, "lost": lost, "gained": gained, "kept": len(old & new)})
    return found


@pytest.mark.parametrize("seed", range(3))
def test_each_move_does_what_its_preview_says(models: Cloud, seed: int) -> None:
    draw = random.Random(seed)
    kinds = ("promote", "promote", "canary", "canary", "shadow", "rollback", "end_canary")
    before = observed(models)
    done = 0
    for step in range(STEPS):
        kind = draw.choice((*kinds, "end_shadow", *(("retire",) if step > STEPS * 0.7 else ())))
        of_version = kind in ("promote", "canary", "shadow", "retire")
        model = draw.choice(list(CLASSES)) if of_version else None
        percent = draw.choice((5, 50)) if kind == "canary" else None
        said = preview(models, kind, model, percent)
        revision = said.body["revision"] if said.status == 200 else None
        moved = make(models, kind, model, percent, revision)
        what = f"{kind} {model} {percent} after {before['aliases']}"
        assert moved.status == said.status, what
        if said.status != 200:
            assert moved.body["code"] == said.body["code"], what
            continue
        after = observed(models)
        effects = {
            (e["kind"], text(e["model"]), text(e["instead_of"]), e["percent"])
            for e in said.body["effects"]
        }
        assert effects == expected_effects(before, after), what
        assert said.body["aliases"] == after["aliases"] == moved.body["aliases"], what
        found = [
            {name: change[name] for name in ("percent", "lost", "gained", "kept")}
            for change in said.body["classes"]
        ]
        assert found == expected_classes(before, after), what
        assert moved.body["classes"] == said.body["classes"], what
        done += bool(effects)
        before = after
    assert done > STEPS / 4


@pytest.mark.parametrize(
    ("text", "meant"), [("1", "other/1, tiny/1"), ("other", "other/1, other/2")]
)
def test_a_name_or_a_version_alone_is_refused_with_what_it_may_mean(
    models: Cloud, text: str, meant: str
) -> None:
    for path, name, query in (
        ("/models/preview", "model", {"move": "promote", "model": text}),
        ("/models/compare", "models", {"models": f"tiny/2,{text}"}),
    ):
        said = models.call("GET", path, query)
        assert (said.status, said.body["field"]) == (400, name)
        assert f"{text} may mean {meant}." in said.body["detail"]


def test_a_preview_moves_nothing_and_leaves_no_trail(models: Cloud) -> None:
    before = models.registry.aliases()
    assert preview(models, "promote", "other/1").status == 200
    assert models.registry.aliases() == before
    assert models.call("GET", "/audit").body["items"] == []


def test_a_move_goes_by_the_preview_that_was_seen(models: Cloud) -> None:
    seen = preview(models, "rollback").status, preview(models, "promote", "tiny/2").body["revision"]
    assert seen[0] == 409
    models.promote("1", "other")
    late = make(models, "promote", "tiny/2", None, seen[1])
    assert (late.status, late.body["code"]) == (409, "alias_conflict")
    assert models.registry.current() == ModelRef("other", "1")
    late = make(models, "retire", "tiny/2", None, seen[1])
    assert (late.status, late.body["code"]) == (409, "alias_conflict")
    again = preview(models, "promote", "tiny/2").body["revision"]
    assert make(models, "promote", "tiny/2", None, again).status == 200


@pytest.mark.parametrize("alias", ["canary", "shadow"])
def test_an_alias_ends_by_the_preview_that_was_seen(models: Cloud, alias: str) -> None:
    percent = 5 if alias == "canary" else None
    make(models, alias, "tiny/2", percent)
    seen = preview(models, f"end_{alias}").body["revision"]
    make(models, alias, "other/1", percent)
    late = make(models, f"end_{alias}", None, None, seen)
    assert (late.status, late.body["code"]) == (409, "alias_conflict")
    seen = preview(models, f"end_{alias}").body["revision"]
    query = {"revision": seen, "reason": "done"}
    assert models.call("DELETE", f"/models/{alias}", query).body["aliases"][alias] is None
    assert models.call("GET", "/models/history").body["items"][0]["reason"] == "done"


def test_a_version_whose_gate_failed_is_named(models: Cloud) -> None:
    key = {"pk": {"S": "VERSIONS"}, "sk": {"S": "other#1"}}
    models.dynamodb.update_item(
        TableName="registry",
        Key=key,
        UpdateExpression="SET gate_passed = :no",
        ExpressionAttributeValues={":no": {"BOOL": False}},
    )
    kinds = [effect["kind"] for effect in preview(models, "promote", "other/1").body["effects"]]
    assert kinds[-1] == "gate_failed"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 400, "missing_field"),
        ({"move": "promote"}, 400, "missing_field"),
        ({"move": "canary", "model": "tiny/2"}, 400, "missing_field"),
        ({"move": "canary", "model": "tiny/2", "percent": 100}, 400, "invalid_parameter"),
        ({"move": "rollback", "model": "tiny/2"}, 400, "invalid_parameter"),
        ({"move": "promote", "model": "tiny/2", "percent": 5}, 400, "invalid_parameter"),
        ({"move": "promote", "model": "2"}, 400, "invalid_parameter"),
        ({"move": "promote", "model": "tiny/9"}, 404, "model_not_found"),
        ({"move": "shadow", "model": "tiny/1"}, 409, "model_in_use"),
        ({"move": "delete"}, 400, "invalid_parameter"),
    ],
)
def test_a_preview_that_cannot_be_is_a_problem(
    models: Cloud, query: Json, status: int, code: str
) -> None:
    answer = models.call("GET", "/models/preview", query)
    assert (answer.status, answer.body["code"]) == (status, code)
