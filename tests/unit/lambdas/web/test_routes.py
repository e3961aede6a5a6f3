import re

import pytest

from infra.packaging.workspace import PROJECT
from lambdas.web.routes import ROUTES, Route


def test_only_health_is_public() -> None:
    assert [route.path for route in ROUTES if route.public] == ["/health"]


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("/predictions/1", True),
        ("/predictions/", False),
        ("/predictions/1/2", False),
        ("/predictions", False),
    ],
)
def test_a_parameter_stands_for_one_segment(path: str, matches: bool) -> None:
    assert Route("GET", "/predictions/{id}", "api", "read").matches(path) is matches


def test_a_dot_is_a_dot() -> None:
    assert not Route("GET", "/openapi.json", "api", "read").matches("/openapiXjson")


def test_the_table_of_the_readme_has_every_call_and_no_other() -> None:
    rows = (PROJECT / "lambdas" / "api" / "README.md").read_text(encoding="utf-8").splitlines()
    cells = "".join(row.split("|")[1] for row in rows if row.startswith("| `"))
    calls = re.findall(r"`((?:GET|POST|DELETE)[^/`]*) (/[^`?]*)", cells)
    told = [f"{method} {path}" for methods, path in calls for method in methods.split(", ")]
    assert sorted(told) == sorted(f"{route.method} {route.path}" for route in ROUTES)
