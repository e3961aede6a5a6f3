"""The API's routes: what infra deploys, the resolvers answer and the OpenAPI document describes."""

import re
from dataclasses import dataclass
from typing import Literal

from visionflow.access.roles import Scope

Function = Literal["predict", "api"]
Method = Literal["GET", "POST", "DELETE"]
HEAD = "HEAD"


@dataclass(frozen=True)
class Route:
    """In stages where people sign in, a route needs a caller with the scope ``needs``; None is for
    everybody, without a token."""

    method: Method
    path: str
    function: Function
    needs: Scope | None

    @property
    def public(self) -> bool:
        return self.needs is None

    @property
    def takes_head(self) -> bool:
        """Whether HEAD is answered too, as GET is, without a body."""
        return self.method == "GET"

    def matches(self, path: str) -> bool:
        """Whether a request's path is this route's, whatever stands for its ``{parameters}``."""
        return self._pattern().fullmatch(path) is not None

    def values(self, path: str) -> tuple[str, ...]:
        """What stands for the route's ``{parameters}`` in a request's path."""
        found = self._pattern().fullmatch(path)
        return found.groups() if found else ()

    def _pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(self.path)))


ROUTES = (
    Route("POST", "/predict", "predict", "predict"),
    Route("POST", "/uploads", "api", "predict"),
    Route("GET", "/health", "api", None),
    Route("GET", "/logs", "api", "read"),
    Route("POST", "/predictions", "api", "predict"),
    Route("GET", "/predictions/{id}", "api", "read"),
    Route("GET", "/predictions/{id}/explanation", "predict", "read"),
    Route("GET", "/thumbnails", "predict", "read"),
    Route("GET", "/predictions/{id}/feedback", "api", "read"),
    Route("POST", "/predictions/{id}/feedback", "api", "feedback"),
    Route("DELETE", "/predictions/{id}/feedback", "api", "feedback"),
    Route("GET", "/uncertain", "api", "read"),
    Route("GET", "/stats", "api", "read"),
    Route("GET", "/stats/daily", "api", "read"),
    Route("GET", "/models", "api", "read"),
    Route("GET", "/models/history", "api", "read"),
    Route("GET", "/models/served", "api", "read"),
    Route("GET", "/models/compare", "api", "read"),
    Route("GET", "/models/preview", "api", "read"),
    Route("GET", "/models/rule", "api", "read"),
    Route("POST", "/models/rule", "api", "models"),
    Route("GET", "/models/promotion-rule", "api", "read"),
    Route("POST", "/models/promotion-rule", "api", "models"),
    Route("POST", "/models/rollback", "api", "models"),
    Route("DELETE", "/models/canary", "api", "models"),
    Route("DELETE", "/models/shadow", "api", "models"),
    Route("GET", "/models/{name}/{version}", "api", "read"),
    Route("POST", "/models/{name}/{version}/promote", "api", "models"),
    Route("POST", "/models/{name}/{version}/canary", "api", "models"),
    Route("POST", "/models/{name}/{version}/shadow", "api", "models"),
    Route("POST", "/models/{name}/{version}/retire", "api", "models"),
    Route("POST", "/training-jobs", "api", "jobs"),
    Route("GET", "/training-jobs", "api", "read"),
    Route("GET", "/training-jobs/{id}", "api", "read"),
    Route("DELETE", "/training-jobs/{id}", "api", "jobs"),
    Route("POST", "/training-jobs/{id}/resume", "api", "jobs"),
    Route("GET", "/training-options", "api", "read"),
    Route("POST", "/backfills", "api", "jobs"),
    Route("GET", "/backfills", "api", "read"),
    Route("GET", "/backfills/{id}", "api", "read"),
    Route("GET", "/backfills/{id}/comparison", "api", "read"),
    Route("POST", "/backfills/{id}/pause", "api", "jobs"),
    Route("POST", "/backfills/{id}/resume", "api", "jobs"),
    Route("POST", "/backfills/{id}/cancel", "api", "jobs"),
    Route("POST", "/backfills/{id}/retry", "api", "jobs"),
    Route("GET", "/costs", "api", "read"),
    Route("GET", "/costs/month", "api", "read"),
    Route("GET", "/openapi.json", "api", "read"),
    Route("DELETE", "/predictions/{id}", "api", "predict"),
    Route("DELETE", "/owners/{owner}", "api", "admin"),
    Route("GET", "/audit", "api", "admin"),
    Route("GET", "/status", "api", "read"),
    Route("POST", "/budget/resume", "api", "admin"),
    Route("GET", "/me", "api", "read"),
    Route("GET", "/keys", "api", "admin"),
    Route("POST", "/keys", "api", "admin"),
    Route("DELETE", "/keys/{prefix}", "api", "admin"),
    Route("GET", "/hooks", "api", "admin"),
    Route("POST", "/hooks", "api", "admin"),
    Route("DELETE", "/hooks/{name}", "api", "admin"),
    Route("POST", "/hooks/{name}/secret", "api", "admin"),
    Route("POST", "/hooks/{name}/test", "api", "admin"),
    Route("POST", "/hooks/{name}/replay", "api", "admin"),
    Route("GET", "/datasets", "api", "read"),
    Route("POST", "/datasets", "api", "label"),
    Route("GET", "/datasets/{name}", "api", "read"),
    Route("DELETE", "/datasets/{name}", "api", "admin"),
    Route("GET", "/datasets/{name}/images", "api", "read"),
    Route("GET", "/datasets/{name}/images/{sha256}", "api", "read"),
    Route("GET", "/datasets/{name}/thumbnails", "api", "read"),
    Route("GET", "/datasets/{name}/links", "api", "read"),
    Route("POST", "/datasets/{name}/uploads", "api", "label"),
    Route("POST", "/datasets/{name}/changes", "api", "label"),
    Route("POST", "/datasets/{name}/classes", "api", "label"),
    Route("POST", "/datasets/{name}/flow", "api", "label"),
    Route("DELETE", "/datasets/{name}/flow", "api", "label"),
    Route("POST", "/datasets/{name}/predictions", "api", "label"),
    Route("GET", "/datasets/{name}/versions", "api", "read"),
    Route("POST", "/datasets/{name}/versions", "api", "label"),
    Route("GET", "/datasets/{name}/versions/{number}", "api", "read"),
    Route("GET", "/datasets/{name}/versions/{number}/diff", "api", "read"),
    Route("POST", "/datasets/{name}/train", "api", "label"),
    Route("GET", "/datasets/{name}/runs", "api", "read"),
    Route("GET", "/datasets/{name}/runs/{id}", "api", "read"),
)


def route_of(method: Method, path: str) -> Route:
    """The row of an endpoint, whatever its path calls its parameters. Raises `LookupError`."""
    for route in ROUTES:
        if route.method == method and route.matches(path):
            return route
    raise LookupError(f"The table of routes has no {method} {path}.")


# Everything else goes here too, so that an unknown path gets a problem+json like any other error.
CATCH_ALL: Function = "api"
