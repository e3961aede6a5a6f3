"""Who may call which route: one assertion for each role and route."""

import pytest

from lambdas.web.routes import ROUTES, Route
from tests.integration.conftest import Cloud
from visionflow.access.caller import Caller
from visionflow.access.roles import ROLES, SCOPES_OF, Role

PROTECTED = [route for route in ROUTES if not route.public]


@pytest.fixture(autouse=True)
def signs_in(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISIONFLOW_REQUIRES_SIGN_IN", "1")


def path_of(route: Route) -> str:
    return (
        route.path.replace("{version}", "2").replace("{id}", "0" * 26).replace("{owner}", "user:1")
    )


@pytest.mark.parametrize("route", PROTECTED, ids=lambda r: f"{r.method} {r.path}")
def test_nobody_unidentified_gets_in(cloud: Cloud, route: Route) -> None:
    refused = cloud.call(route.method, path_of(route), {"lable": "x"}, b"{ malformed")
    assert (refused.status, refused.body["code"]) == (403, "forbidden")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", PROTECTED, ids=lambda r: f"{r.method} {r.path}")
def test_a_role_opens_its_routes_alone(cloud: Cloud, route: Route, role: Role) -> None:
    caller = Caller("user:1", "a@example.com", SCOPES_OF[role])
    answer = cloud.call(route.method, path_of(route), {"lable": "x"}, b"{ malformed", caller=caller)
    assert (answer.status == 403) == (route.needs not in SCOPES_OF[role])
