import pytest

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
