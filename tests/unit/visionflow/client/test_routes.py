"""The client against the API's description: each route has a method, whose requests and answers are
as it says. Answers are drawn from the schemas; nothing is sent."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from infra.generators.openapi import OPENAPI_FILE
from tests.images import encode, plain
from visionflow.client import VisionFlow, answers, uploads
from visionflow.client.connection import Connection
from visionflow.client.routes.group import Group

DOCUMENT = json.loads(OPENAPI_FILE.read_text(encoding="utf-8"))
SCHEMAS = DOCUMENT["components"]["schemas"]
IMAGE = encode(plain("red", (8, 8)))
DAY = date(2030, 1, 31)
RULE = answers.RollbackRule(True, 100, 0.1, None, None)
DEVICE: dict[str, Any] = {
    **{"device_id": "a-1", "origin": "edge", "made_at": "2030-01-31T00:00:00Z", "model": "a/1"},
    **{"status": "ok", "label": "cat", "confidence": 0.9, "unknown_reason": None},
    **{"top_k": [{"label": "cat", "confidence": 0.9}], "familiarity": None},
}
SEEN = {"filename": None, "width": 4, "height": 3, "milliseconds": 20.5}
# Descriptions of the API for other generators of clients.
LEFT_OUT = {("GET", "/openapi.json")}

# Each public method with what it may be given: all that it takes.
CALLS: dict[str, dict[str, Any]] = {
    "classify": {"image": IMAGE, "filename": "a b.jpg", "top_k": 2, "explain": True, "label": "c"},
    "classify_many": {"images": [IMAGE], "workers": 1, "coverage": 0.9},
    "record": {"records": [DEVICE | SEEN] * 26},
    "predictions": {
        **{"label": "cat", "model": "a/1", "status": "ok", "source": "api", "feedback": "right"},
        **{
            "origin": "edge",
            "filename": "a",
            "since": DAY,
            "until": datetime(2030, 2, 1, tzinfo=UTC),
        },
    },
    "prediction": {"prediction_id": "a b"},
    "explanation": {"prediction_id": "a", "label": "cat"},
    "thumbnails": {"prediction_ids": ["a", "b"]},
    "uncertain": {"limit": 5},
    "feedback": {"prediction_id": "a"},
    "give_feedback": {"prediction_id": "a", "label": None, "new": False, "from_queue": True},
    "withdraw_feedback": {"prediction_id": "a"},
    "erase": {"prediction_id": "a"},
    "erase_owner": {"owner": "key:a/b"},
    "stats": {"since": DAY, "until": "2030-02-01"},
    "daily_stats": {"since": DAY, "until": DAY},
    "costs": {"since": DAY, "until": DAY, "offset": 60},
    "month_cost": {"offset": 60},
    "me": {},
    "audit": {"since": DAY, "until": DAY},
    "health": {},
    "status": {},
    "resume_budget": {},
    "models.list": {},
    "models.get_version": {"version": "a/1", "report": False},
    "models.for_device": {"version": "a/1"},
    "models.history": {"alias": "canary"},
    "models.served": {"at": datetime(2030, 2, 1, tzinfo=UTC), "alias": "production"},
    "models.compare": {"versions": ["a/1", "a/2"], "since": DAY, "until": DAY},
    "models.preview": {"move": "canary", "version": "a/1", "percent": 10},
    "models.promote": {"version": "a/1", "reason": "better", "revision": 3},
    "models.canary": {"version": "a/1", "percent": 10, "reason": "better", "revision": 3},
    "models.shadow": {"version": "a/1", "reason": "better", "revision": 3},
    "models.retire": {"version": "a/1", "reason": "old", "revision": 3},
    "models.roll_back": {"reason": "worse", "revision": 3},
    "models.end_canary": {"reason": "worse", "revision": 3},
    "models.end_shadow": {"reason": "enough", "revision": 3},
    "models.rollback_rule": {},
    "models.set_rollback_rule": {"rule": RULE},
    "models.promotion_rule": {},
    "models.set_promotion_rule": {"rule": answers.PromotionRule(True, 100, 0.01)},
    "jobs.start": {
        **{"config": "a.toml", "data": "d", "model": "m", "recipe": "finetune", "set": {"a": 1}},
        **{"instance": "g5.xlarge", "on_demand": True, "max_hours": 1.0, "budget_usd": 2.0},
        **{"grow_from": "a/1", "dataset": "d", "dataset_version": 1},
    },
    "jobs.list": {},
    "jobs.get_job": {"job_id": "a"},
    "jobs.stop": {"job_id": "a"},
    "jobs.resume": {"job_id": "a"},
    "jobs.options": {},
    "backfills.estimate": {"source": "s3://a/b", "models": ["a/1"], "into": "files", "sample": 9},
    "backfills.start": {
        **{"source": "s3://a/b", "models": ["a/1"], "into": "records", "sample": 9},
        **{"concurrency": 2, "max_usd": 1.0, "role": "arn:aws:iam::1:role/VisionFlowRead"},
    },
    "backfills.list": {},
    "backfills.get_backfill": {"backfill_id": "a"},
    "backfills.comparison": {"backfill_id": "a"},
    "backfills.watch": {"backfill_id": "a", "seconds": 0.0},
    "backfills.pause": {"backfill_id": "a"},
    "backfills.resume": {"backfill_id": "a", "max_usd": 2.0},
    "backfills.cancel": {"backfill_id": "a"},
    "backfills.retry": {"backfill_id": "a"},
    "keys.list": {},
    "keys.create": {
        **{"name": "ci", "scopes": ["read"], "requests_per_minute": 1, "requests_per_month": 2},
        "expires_in_days": 3,
    },
    "keys.revoke": {"prefix": "a"},
    "hooks.list": {},
    "hooks.create": {
        **{"name": "ci", "target": "https://a.example.com", "kinds": [], "labels": ["cat"]},
        **{"statuses": ["ok"], "sources": ["api"], "models": ["a/1"]},
        **{"confidence_at_least": 0.1, "confidence_below": 0.9},
    },
    "hooks.remove": {"name": "ci"},
    "hooks.replace_secret": {"name": "ci"},
    "hooks.test": {"name": "ci"},
    "hooks.replay": {"name": "ci"},
    "datasets.list": {},
    "datasets.create": {"name": "d", "classes": ["cat"]},
    "datasets[].details": {},
    "datasets[].remove": {},
    "datasets[].change_class": {"action": "describe", "name": "cat", "ko": "고양이", "en": "cat"},
    "datasets[].set_flow": {"kinds": ["uncertain"], "model": "a", "per_day": 9, "train": True},
    "datasets[].clear_flow": {},
    "datasets[].images": {"label": "cat", "state": "ready", "only": "outlier"},
    "datasets[].image_page": {"cursor": "a"},
    "datasets[].image": {"sha256": "0"},
    "datasets[].thumbnails": {"sha256s": ["0"]},
    "datasets[].links": {"sha256s": ["0"]},
    "datasets[].add": {"images": [IMAGE], "label": "cat"},
    "datasets[].upload_forms": {
        "images": [{"sha256": "0", "bytes": 9, "content_type": "image/png"}]
    },
    "datasets[].change_images": {"changes": [{"sha256": "0", "label": "cat"}] * 501},
    "datasets[].take": {"prediction_ids": ["a"] * 26, "label": "cat"},
    "datasets[].versions": {},
    "datasets[].version": {"number": 1},
    "datasets[].freeze": {"note": "first"},
    "datasets[].diff": {"new": 2, "old": 1},
    "datasets[].train": {"model": "m", "promote": True, "version": 1},
    "datasets[].runs": {},
    "datasets[].run": {"run_id": "a"},
}
BASE = {name for name, _ in inspect.getmembers(Group, inspect.isfunction)}


def example(schema: dict[str, Any]) -> Any:
    """The plainest value that meets a schema, with every field."""
    if "$ref" in schema:
        return example(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        fields = {name: example(of) for name, of in schema.get("properties", {}).items()}
        values = schema.get("additionalProperties")
        return fields or ({"a": example(values)} if isinstance(values, dict) else {})
    if schema.get("type") == "array":
        return [example(of) for of in schema.get("prefixItems", [schema.get("items", {})])]
    return {"string": "a", "integer": 1, "number": 0.5, "boolean": True}.get(schema.get("type", ""))


class Described(Connection):
    """Answers as the description says, with a field of a newer server; each request is checked."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        vars(self)["asked"] = []

    def post_bytes(
        self,
        method: str,
        path: str,
        query: Any,
        data: bytes | None,
        headers: Any,
        *,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        template, operation = operation_of(method, path)
        vars(self)["asked"].append((method, template))
        check_query(operation, {name: v for name, v in query.items() if v is not None})
        if "requestBody" in operation and headers.get("Content-Type") == "application/json":
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            Draft202012Validator({**schema, **DOCUMENT}).validate(json.loads(data or b"{}"))
        content = next(iter(operation["responses"].values()))["content"]
        answer = example(content["application/json"]["schema"])
        if template == "/backfills/{id}":
            answer["state"] = "done"
        if template == "/predictions/{id}":
            answer["error"] = None
        if template == "/datasets/{name}/uploads":
            answer["forms"][0]["sha256"] = json.loads(data or b"")["images"][0]["sha256"]
        if "next_cursor" in answer:
            answer["next_cursor"] = None
        return {**answer, "of_a_newer_server": {"a": 1}}

    def once(self, method: str, path: str) -> dict[str, Any]:
        return self.post_bytes(method, path, {}, None, {})


def operation_of(method: str, path: str) -> tuple[str, dict[str, Any]]:
    """The template with the most fixed parts that a path fits, and its operation."""
    parts = path.split("/")

    def fits(template: str) -> bool:
        wanted = template.split("/")
        return len(wanted) == len(parts) and all(
            want == part or want.startswith("{") for want, part in zip(wanted, parts, strict=True)
        )

    found = [it for it in DOCUMENT["paths"] if fits(it) and method.lower() in DOCUMENT["paths"][it]]
    template = min(found, key=lambda it: it.count("{"))
    assert "{}" not in unquote(path)
    return template, DOCUMENT["paths"][template][method.lower()]


def check_query(operation: dict[str, Any], query: dict[str, Any]) -> None:
    known = {it["name"]: it for it in operation.get("parameters", ()) if it["in"] == "query"}
    assert set(query) <= set(known), f"{set(query) - set(known)} is no parameter"
    for name, value in query.items():
        Draft202012Validator(known[name]["schema"]).validate(value)
    assert {name for name, it in known.items() if it.get("required")} <= set(query)


def public(group: Group, prefix: str = "") -> Iterator[str]:
    for name, _ in inspect.getmembers(type(group), inspect.isfunction):
        if not name.startswith("_") and name not in BASE:
            yield f"{prefix}{name}"


def bound(cloud: VisionFlow, name: str) -> Any:
    *groups, method = name.replace("[]", ".[]").split(".")
    found: Any = cloud
    for group in groups:
        found = found["flowers and trees"] if group == "[]" else getattr(found, group)
    return getattr(found, method)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> VisionFlow:
    found = VisionFlow("http://127.0.0.1:9", "")
    vars(found)["connection"] = Described()
    monkeypatch.setattr(
        "visionflow.client.routes.datasets.put_image", lambda *_: None
    )  # to a bucket, which the description does not describe
    return found


def test_every_public_method_is_called_here(cloud: VisionFlow) -> None:
    found = {*public(cloud), *public(cloud.datasets["a"], "datasets[].")}
    for name in ("models", "jobs", "backfills", "keys", "hooks", "datasets"):
        found |= {*public(getattr(cloud, name), f"{name}.")}
    assert found == set(CALLS)


def test_every_route_has_a_method(cloud: VisionFlow) -> None:
    for name, arguments in CALLS.items():
        found = bound(cloud, name)(**arguments)
        if isinstance(found, Iterator):
            found = list(found)
            assert found, name
        if isinstance(found, (list, tuple)):
            assert all(is_dataclass(one) for one in found), name
            assert all(getattr(one, "error", None) is None for one in found if "many" in name)
        else:
            assert is_dataclass(found) or isinstance(found, int) or found is None, name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploads, "MAX_DIRECT_BYTES", 1)
        patch.setattr(uploads, "put_image", lambda *_: None)
        assert cloud.classify(IMAGE).id == "a"
    assert cloud.classify(IMAGE, filename="a.png", device=DEVICE).id == "a"
    asked = {*vars(cloud.connection)["asked"]}
    routes = {
        (method.upper(), path)
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
        if method != "head"
    }
    assert routes - asked == LEFT_OUT
    assert asked <= routes


def test_a_backfill_has_a_key_of_its_own(
    cloud: VisionFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    send = Connection.send

    def spy(self: Connection, method: str, path: str, *args: Any, **more: Any) -> Any:
        sent.append((more.get("body"), more.get("repeatable")))
        return send(self, method, path, *args, **more)

    monkeypatch.setattr(Connection, "send", spy)
    for key in (None, None, "mine"):
        cloud.backfills.start("s3://a/b", key=key)
    keys = [body["key"] for body, _ in sent]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"
    assert all(repeatable for _, repeatable in sent)
