"""The API's routes: what infra deploys, the resolvers answer and the OpenAPI document describes."""

import re
from dataclasses import dataclass
from typing import Literal

Function = Literal["predict", "api"]


@dataclass(frozen=True)
class Route:
    """``public`` routes need no token in stages that have auth."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    function: Function
    public: bool = False

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
    Route("POST", "/models/rule", "api"),
    Route("POST", "/models/rollback", "api"),
    Route("DELETE", "/models/canary", "api"),
    Route("DELETE", "/models/shadow", "api"),
    Route("GET", "/models/{version}", "api"),
    Route("POST", "/models/{version}/promote", "api"),
    Route("POST", "/models/{version}/canary", "api"),
    Route("POST", "/models/{version}/shadow", "api"),
    Route("POST", "/models/{version}/retire", "api"),
    Route("POST", "/training-jobs", "api"),
    Route("GET", "/training-jobs", "api"),
    Route("GET", "/training-jobs/{id}", "api"),
    Route("DELETE", "/training-jobs/{id}", "api"),
    Route("POST", "/training-jobs/{id}/resume", "api"),
    Route("GET", "/training-options", "api"),
    Route("GET", "/costs", "api"),
    Route("GET", "/openapi.json", "api"),
)

# Everything else goes here too, so that an unknown path gets a problem+json like any other error.
CATCH_ALL: Function = "api"
