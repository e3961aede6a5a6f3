"""The API's routes: what infra deploys, the resolvers answer and the OpenAPI document describes."""

import re
from dataclasses import dataclass
from typing import Literal

Function = Literal["predict", "api"]
Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True)
class Route:
    """In stages where people sign in, ``public`` routes need no token, and ``admin`` ones that of
    an admin."""

    method: Method
    path: str
    function: Function
    public: bool = False
    admin: bool = False

    def matches(self, path: str) -> bool:
        """Whether a request's path is this route's, whatever stands for its ``{parameters}``."""
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(self.path))
        return re.fullmatch(pattern, path) is not None


ROUTES = (
    Route("POST", "/predict", "predict"),
    Route("POST", "/uploads", "api"),
    Route("GET", "/health", "api", public=True),
    Route("GET", "/logs", "api"),
    Route("GET", "/predictions/{id}", "api"),
    Route("GET", "/predictions/{id}/feedback", "api"),
    Route("POST", "/predictions/{id}/feedback", "api"),
    Route("GET", "/uncertain", "api"),
    Route("GET", "/stats", "api"),
    Route("GET", "/models", "api"),
    Route("GET", "/models/history", "api"),
    Route("GET", "/models/served", "api"),
    Route("GET", "/models/compare", "api"),
    Route("GET", "/models/rule", "api"),
    Route("POST", "/models/rule", "api", admin=True),
    Route("POST", "/models/rollback", "api", admin=True),
    Route("DELETE", "/models/canary", "api", admin=True),
    Route("DELETE", "/models/shadow", "api", admin=True),
    Route("GET", "/models/{version}", "api"),
    Route("POST", "/models/{version}/promote", "api", admin=True),
    Route("POST", "/models/{version}/canary", "api", admin=True),
    Route("POST", "/models/{version}/shadow", "api", admin=True),
    Route("POST", "/models/{version}/retire", "api", admin=True),
    Route("POST", "/training-jobs", "api", admin=True),
    Route("GET", "/training-jobs", "api"),
    Route("GET", "/training-jobs/{id}", "api"),
    Route("DELETE", "/training-jobs/{id}", "api", admin=True),
    Route("POST", "/training-jobs/{id}/resume", "api", admin=True),
    Route("GET", "/training-options", "api"),
    Route("GET", "/costs", "api"),
    Route("GET", "/openapi.json", "api"),
)


def route_of(method: Method, path: str) -> Route:
    """The row of an endpoint, whatever its path calls its parameters. Raises `LookupError`."""
    for route in ROUTES:
        if route.method == method and route.matches(path):
            return route
    raise LookupError(f"The table of routes has no {method} {path}.")


# Everything else goes here too, so that an unknown path gets a problem+json like any other error.
CATCH_ALL: Function = "api"
