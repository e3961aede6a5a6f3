"""Who is who, and for how long: tokens and keys through the authorizer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

import lambdas.authorizer.handler
from lambdas.authorizer.people import REMEMBERED_S
from tests.integration.conftest import Cloud
from tests.integration.sign_in import Gateway, gateway_of
from visionflow.access.keys import KeyStore

EMAIL = "a@example.com"


@pytest.fixture
def gateway(empty_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    with gateway_of(empty_cloud, monkeypatch) as found:
        yield found


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is remembered."""
    monkeypatch.setattr("lambdas.authorizer.people.REMEMBERED_S", 0.0)


def bearer(token: str) -> str:
    return f"Bearer {token}"


def test_a_person_is_called_by_the_verified_address(gateway: Gateway) -> None:
    gateway.pool.add(EMAIL, "labeller")
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    found = gateway.identify(bearer(token))["context"]
    assert found["name"] == EMAIL
    assert found["id"].startswith("user:")
    assert found["roles"] == "viewer labeller"
    assert found["scopes"] == "feedback label predict read"
    assert (found["rpm"], found["rpmonth"], found["mfa"]) == ("", "", "false")


def test_an_unverified_address_is_no_name(gateway: Gateway) -> None:
    """Anybody could have claimed it."""
    gateway.pool.add("admin@example.com", verified=False)
    token = gateway.pool.sign_in("admin@example.com")["AccessToken"]
    found = gateway.identify(bearer(token))["context"]
    assert found["name"] == found["id"].removeprefix("user:")


@pytest.mark.parametrize("scheme", ["", "Basic ", "Bearer", "Bearer  ", "bearer: "])
def test_other_headers_are_refused(gateway: Gateway, scheme: str) -> None:
    gateway.pool.add(EMAIL)
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    assert gateway.identify(bearer(token))["isAuthorized"]
    for header in (scheme + token, scheme, f"Bearer {token},Bearer {token}"):
        assert gateway.identify(header) == {"isAuthorized": False}


def test_an_id_token_is_not_for_the_api(gateway: Gateway) -> None:
    gateway.pool.add(EMAIL)
    token = gateway.pool.sign_in(EMAIL)["IdToken"]
    assert gateway.identify(bearer(token)) == {"isAuthorized": False}


def test_a_token_that_says_more_than_the_pool_is_refused(gateway: Gateway, later: None) -> None:
    """Even signed by the pool's key, the pool does not know it."""
    gateway.pool.add(EMAIL)
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    forged = gateway.pool.altered(token, **{"cognito:groups": ["model-admin"]}, jti="2")
    assert gateway.identify(bearer(forged)) == {"isAuthorized": False}


@pytest.mark.parametrize("how", ["disabled", "deleted"])
def test_who_leaves_is_out_when_the_authorizer_asks_again(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pool = gateway.pool
    pool.add(EMAIL)
    header = bearer(pool.sign_in(EMAIL)["AccessToken"])
    assert gateway.identify(header)["isAuthorized"]
    if how == "disabled":
        pool.client.admin_disable_user(UserPoolId=pool.id, Username=EMAIL)
    else:
        pool.client.admin_delete_user(UserPoolId=pool.id, Username=EMAIL)
    assert gateway.identify(header)["isAuthorized"], "asked less than a minute ago"
    monkeypatch.setattr("lambdas.authorizer.people.REMEMBERED_S", 0.0)
    assert not gateway.identify(header)["isAuthorized"]
    assert REMEMBERED_S <= 60


def test_an_admin_is_one_with_a_second_factor_alone(gateway: Gateway, later: None) -> None:
    gateway.pool.add(EMAIL, "model-admin")
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    refused = gateway.call("GET", "/keys", bearer(token))
    assert (refused.status, refused.body["code"]) == (403, "forbidden")
    gateway.pool.enrol(token)
    assert gateway.call("GET", "/keys", bearer(token)).status == 200


def test_a_pool_that_is_busy_is_a_fault_and_no_refusal(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """API Gateway answers 500; a refusal would send people to sign in again."""
    gateway.pool.add(EMAIL)
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    people = lambdas.authorizer.handler.service().people

    def busy(**_: object) -> None:
        raise ClientError({"Error": {"Code": "TooManyRequestsException"}}, "GetUser")

    monkeypatch.setattr(people._client, "get_user", busy)
    with pytest.raises(ClientError):
        gateway.identify(bearer(token))


def key(gateway: Gateway, **limits: int | None) -> str:
    text, _ = gateway.keys.add(
        name="camera 7",
        scopes=("predict",),
        requests_per_minute=limits.get("minute"),
        requests_per_month=limits.get("month"),
        by=EMAIL,
        now=datetime.now(UTC),
        expires_at=None,
    )
    return text


def test_a_program_is_called_as_its_key(gateway: Gateway) -> None:
    text = key(gateway, minute=60, month=1000)
    found = gateway.identify(bearer(text))["context"]
    assert found == {
        "id": f"key:{text[3:11]}",
        "name": "camera 7",
        "scopes": "predict",
        "roles": "",
        "mfa": "",
        "rpm": "60",
        "rpmonth": "1000",
    }


def test_a_revoked_key_is_refused_at_once(gateway: Gateway) -> None:
    """Nothing is remembered here: what is left is API Gateway's own cache."""
    text = key(gateway)
    assert gateway.identify(bearer(text))["isAuthorized"]
    gateway.keys.revoke(text[3:11], datetime.now(UTC))
    assert gateway.identify(bearer(text)) == {"isAuthorized": False}


def test_a_use_is_noted_once_a_minute_and_only_of_a_good_key(gateway: Gateway) -> None:
    text = key(gateway)
    gateway.identify(bearer(text[:-1] + ("a" if text[-1] != "a" else "b")))
    assert gateway.keys.list()[0].last_used_at is None
    gateway.identify(bearer(text))
    first = gateway.keys.list()[0].last_used_at
    time.sleep(0.01)
    gateway.identify(bearer(text))
    assert first is not None
    assert gateway.keys.list()[0].last_used_at == first


def test_a_key_works_where_its_use_cannot_be_noted(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem")

    monkeypatch.setattr(KeyStore, "note_use", broken)
    assert gateway.identify(bearer(key(gateway)))["isAuthorized"]


def test_neither_a_token_nor_a_secret_is_logged(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    text = key(gateway)
    gateway.pool.add(EMAIL)
    token = gateway.pool.sign_in(EMAIL)["AccessToken"]
    for credential in (text, text[:-4] + "aaaa", token, token[:-4] + "AAAA"):
        gateway.identify(bearer(credential))
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "refused" in logged
    assert text[12:40] not in logged
    assert token.split(".")[1] not in logged
