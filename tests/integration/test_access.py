"""Who may call which route: one assertion for each caller and route, through the authorizer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lambdas.web.routes import ROUTES, Route
from tests.conftest import aws_in_process
from tests.integration.conftest import Cloud, cloud_in_process
from tests.integration.sign_in import Gateway, gateway_of
from visionflow.access.roles import NEEDS_SECOND_FACTOR, ROLES, SCOPES, SCOPES_OF, Role, Scope

NOW = datetime.now(UTC)
# A request that is let in is refused for its query before anything is done.
LET_IN, NO_SCOPE = (400, "invalid_parameter"), (403, "forbidden")
NO_HEADER, UNKNOWN = (401, "gateway"), (403, "gateway")


class Callers:
    """Everybody who may come, with what they send."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        pool = gateway.pool
        self.tokens: dict[str, str] = {}
        for role in ROLES:
            email = f"{role}@example.com"
            pool.add(email, *(() if role == "viewer" else (role,)))
            self.tokens[role] = pool.sign_in(email)["AccessToken"]
            pool.enrol(self.tokens[role])
        pool.add("careless@example.com", "model-admin")
        self.tokens["without a second factor"] = pool.sign_in("careless@example.com")["AccessToken"]
        viewer = self.tokens["viewer"]
        self.tokens["bad token"] = viewer[:-4] + "AAAA"
        self.tokens["expired token"] = pool.altered(viewer, exp=int(NOW.timestamp()) - 1)
        everything = self.key(SCOPES)
        self.tokens["unknown key"] = everything[:-4] + "aaaa"
        self.tokens["revoked key"] = self.key(SCOPES)
        gateway.keys.revoke(self.tokens["revoked key"].split("_")[1], NOW)
        self.tokens["expired key"] = self.key(SCOPES, expires_at=NOW - timedelta(seconds=1))
        self.tokens["key with all scopes"] = everything
        self.keys_without = {
            left_out: self.key(tuple(scope for scope in SCOPES if scope != left_out))
            for left_out in SCOPES
        }

    def key(self, scopes: tuple[Scope, ...], expires_at: datetime | None = None) -> str:
        text, _ = self.gateway.keys.add(
            name="program",
            scopes=scopes,
            requests_per_minute=None,
            requests_per_month=None,
            by="a@example.com",
            now=NOW,
            expires_at=expires_at,
        )
        return text

    def call(self, who: str, route: Route) -> tuple[int, str]:
        token: str | None = self.tokens.get(who)
        if who == "key without the scope" and route.needs is not None:
            token = self.keys_without[route.needs]
        header = None if token is None else f"Bearer {token}"
        path = route.path
        for name, value in (
            ("version", "2"),
            ("id", "0" * 26),
            ("prefix", "aaaaaaaa"),
            ("owner", "user:1"),
            ("name", "animals"),
            ("sha256", "0" * 64),
            ("number", "1"),
        ):
            path = path.replace(f"{{{name}}}", value)
        query, body = {"lable": "x"}, b"{ malformed"
        answer = self.gateway.call(
            route.method, path, header, query, body, public=route.needs is None
        )
        return answer.status, answer.body.get("code", "gateway")


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    """One stage for all cells: none of them changes anything."""
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        aws_in_process(monkeypatch),
        cloud_in_process(monkeypatch, tmp_path_factory.mktemp("cache")) as cloud,
        gateway_of(cloud, monkeypatch) as gateway,
    ):
        yield Callers(gateway)


def by_scopes(scopes: frozenset[Scope]) -> Callable[[Route], tuple[int, str]]:
    return lambda route: LET_IN if route.needs in scopes else NO_SCOPE


def by_role(role: Role) -> Callable[[Route], tuple[int, str]]:
    return by_scopes(SCOPES_OF[role])


EXPECTED: dict[str, Callable[[Route], tuple[int, str]]] = {
    "no token": lambda _: NO_HEADER,
    "bad token": lambda _: UNKNOWN,
    "expired token": lambda _: UNKNOWN,
    "unknown key": lambda _: UNKNOWN,
    "revoked key": lambda _: UNKNOWN,
    "expired key": lambda _: UNKNOWN,
    "key without the scope": lambda _: NO_SCOPE,
    "key with all scopes": lambda _: LET_IN,
    **{role: by_role(role) for role in ROLES},
    "without a second factor": by_scopes(SCOPES_OF["model-admin"] - NEEDS_SECOND_FACTOR),
}


@pytest.mark.parametrize("who", EXPECTED)
@pytest.mark.parametrize("route", ROUTES, ids=lambda r: f"{r.method} {r.path}")
def test_a_caller_opens_their_own_routes_alone(callers: Callers, route: Route, who: str) -> None:
    expected = LET_IN if route.needs is None else EXPECTED[who](route)
    assert callers.call(who, route) == expected


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.public], ids=lambda r: f"{r.method} {r.path}"
)
def test_a_function_that_no_authorizer_stands_before_lets_nobody_in(
    callers: Callers, route: Route
) -> None:
    cloud: Cloud = callers.gateway.cloud
    refused = cloud.call(route.method, route.path, {"lable": "x"}, b"{ malformed")
    assert (refused.status, refused.body["code"]) == (401, "not_signed_in")
