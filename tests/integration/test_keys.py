"""API keys on DynamoDB by moto: what is kept of them, and which are refused."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import boto3
import pytest

from tests.integration.conftest import Answer, Cloud
from visionflow.access.caller import LOCAL, Caller
from visionflow.access.keys import KeyStore
from visionflow.access.roles import EVERYTHING, SCOPES_OF
from visionflow.errors import NotSignedInError

NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)
ADMIN = Caller("user:1", "a@example.com", SCOPES_OF["model-admin"], ("viewer", "model-admin"), True)
WANTED = {"name": "camera 7", "scopes": ["read", "predict"]}


def create(
    cloud: Cloud,
    changes: Mapping[str, object] = MappingProxyType({}),
    caller: Caller = ADMIN,
) -> Answer:
    body = json.dumps({**WANTED, **changes}).encode()
    return cloud.call("POST", "/keys", body=body, caller=caller)


@pytest.fixture
def cloud(empty_cloud: Cloud) -> Cloud:
    return empty_cloud


@pytest.fixture
def store(cloud: Cloud) -> KeyStore:
    return KeyStore("keys", cloud.dynamodb)


def rows() -> list[dict[str, Any]]:
    return boto3.client("dynamodb").scan(TableName="keys")["Items"]


def test_a_key_is_shown_once_and_kept_as_a_hash(cloud: Cloud, store: KeyStore) -> None:
    made = create(
        cloud,
        {"requests_per_minute": 60, "requests_per_month": 1000, "expires_in_days": 30},
    )
    assert made.status == 201
    text = made.body.pop("key")
    start, prefix, secret = text.split("_")
    assert (start, prefix, len(secret)) == ("vf", made.body["prefix"], 52)
    assert made.body["created_by"] == "a@example.com"
    assert made.body["scopes"] == ["predict", "read"]
    lifetime = datetime.fromisoformat(made.body["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < lifetime <= timedelta(days=30)
    (listed,) = cloud.call("GET", "/keys", caller=ADMIN).body["items"]
    assert listed == made.body
    (row,) = rows()
    assert secret not in json.dumps(row)
    assert row["sha256"]["S"] not in json.dumps([listed, made.body])
    caller = store.find(text, NOW.replace(year=2026)).caller
    assert (caller.id, caller.name) == (f"key:{prefix}", "camera 7")
    assert caller.scopes == {"predict", "read"}
    assert (caller.requests_per_minute, caller.requests_per_month) == (60, 1000)


def test_each_key_is_another(cloud: Cloud) -> None:
    texts = {create(cloud).body["key"] for _ in range(3)}
    assert len(texts) == len({text[:11] for text in texts}) == 3
    newest, *_ = cloud.call("GET", "/keys", caller=ADMIN).body["items"]
    assert newest["created_at"] == max(row["created_at"]["S"] for row in rows())


def test_nobody_gives_a_scope_away_that_is_not_their_own(cloud: Cloud) -> None:
    refused = create(cloud, {"scopes": ["read", "jobs"]})
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    program = Caller("key:aaaaaaaa", "ci", frozenset({"admin", "read"}))
    assert create(cloud, {"scopes": ["models"]}, program).status == 403
    assert create(cloud, {"scopes": ["read"]}, program).status == 201


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "  "},
        {"name": "n" * 65},
        {"name": "a\x1b]0;title\x07"},
        {"name": "a\u202eb"},
        {"name": 7},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": "read"},
        {"requests_per_minute": 0},
        {"requests_per_minute": 1.5},
        {"requests_per_month": -1},
        {"requests_per_month": 10**12},
        {"expires_in_days": 0},
        {"expires_in_days": 10**9},
        {"prefix": "aaaaaaaa"},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(cloud: Cloud, change: dict[str, object]) -> None:
    assert create(cloud, change).status == 400
    assert rows() == []


def test_a_revoked_key_is_refused_and_stays_in_the_list(cloud: Cloud, store: KeyStore) -> None:
    made = create(cloud).body
    store.find(made["key"], NOW)
    path = f"/keys/{made['prefix']}"
    revoked = cloud.call("DELETE", path, caller=ADMIN)
    assert revoked.status == 200
    assert revoked.body["revoked_at"] is not None
    with pytest.raises(NotSignedInError, match="revoked"):
        store.find(made["key"], NOW)
    assert cloud.call("DELETE", path, caller=ADMIN).body == revoked.body, "the first time counts"
    assert cloud.call("GET", "/keys", caller=ADMIN).body["items"] == [revoked.body]
    (row,) = rows()
    revoked_at = datetime.fromisoformat(revoked.body["revoked_at"]).timestamp()
    assert int(row["forget_at"]["N"]) == int(revoked_at) + 90 * 86_400


@pytest.mark.parametrize("prefix", ["aaaaaaaa", "AAAAAAAA", "a", "USE", "a" * 300])
def test_only_a_key_that_exists_can_be_revoked(cloud: Cloud, prefix: str) -> None:
    answer = cloud.call("DELETE", f"/keys/{prefix}", caller=ADMIN)
    assert (answer.status, answer.body["code"]) == (404, "key_not_found")
    assert rows() == []


def test_a_key_expires(cloud: Cloud, store: KeyStore) -> None:
    text, key = store.add(
        name="short",
        scopes=("read",),
        requests_per_minute=None,
        requests_per_month=None,
        by="a@example.com",
        now=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    assert store.find(text, NOW + timedelta(hours=23)) == key
    with pytest.raises(NotSignedInError, match="expired"):
        store.find(text, NOW + timedelta(days=1))


def test_a_key_needs_its_whole_secret(cloud: Cloud, store: KeyStore) -> None:
    text = create(cloud).body["key"]
    other = create(cloud).body["key"]
    last = "a" if text[-1] != "a" else "b"
    for wrong in (
        text[:-1] + last,
        text[:-1],
        text + "a",
        text.upper(),
        text[:12] + other[12:],
        text.replace("vf_", ""),
        "vf_aaaaaaaa_" + "a" * 52,
        text + "\n",
        "vf_",
        "",
    ):
        with pytest.raises(NotSignedInError):
            store.find(wrong, NOW)


def test_a_last_use_is_kept_to_the_minute(cloud: Cloud, store: KeyStore) -> None:
    made = create(cloud).body

    def last_use() -> Any:
        (key,) = cloud.call("GET", "/keys", caller=ADMIN).body["items"]
        return key["last_used_at"]

    assert last_use() is None
    for seconds, noted in ((0, 0), (59, 0), (61, 61), (30, 61)):
        store.note_use(made["prefix"], NOW + timedelta(seconds=seconds))
        at = NOW + timedelta(seconds=noted)
        assert datetime.fromisoformat(last_use()) == at
    assert cloud.call("DELETE", f"/keys/{made['prefix']}", caller=ADMIN).body["last_used_at"]


def test_me_says_who_calls_and_which_roles_wait(cloud: Cloud) -> None:
    waiting = Caller.person("1", "a@example.com", ["model-admin", "spender"], second_factor=False)
    body = cloud.call("GET", "/me", caller=waiting).body
    quotas = {(left["quota"], left["of"], left["per"]): left for left in body.pop("quotas")}
    # The request that asks is counted with its answer.
    assert quotas["requests", "caller", "month"]["used"] == 0
    assert cloud.call("GET", "/me", caller=waiting).body["quotas"] != list(quotas.values())
    assert body == {
        "id": "user:1",
        "name": "a@example.com",
        "roles": ["viewer", "model-admin", "spender"],
        "scopes": ["predict", "read", "feedback", "label", "jobs"],
        "second_factor": False,
        "waiting_roles": ["model-admin"],
    }
    me = cloud.call("GET", "/me", caller=ADMIN).body
    assert (me["second_factor"], me["waiting_roles"]) == (True, [])
    assert set(me["scopes"]) == SCOPES_OF["model-admin"]


def test_on_the_own_machine_everything_is_allowed(cloud: Cloud) -> None:
    me = cloud.call("GET", "/me").body
    assert me.pop("quotas")
    assert me == {
        "id": LOCAL.id,
        "name": LOCAL.name,
        "roles": [],
        "scopes": me["scopes"],
        "second_factor": None,
        "waiting_roles": [],
    }
    assert set(me["scopes"]) == EVERYTHING
