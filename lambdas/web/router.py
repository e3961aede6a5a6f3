"""Which endpoint answers a request."""

import re
from collections.abc import Callable
from typing import Any

from lambdas.web.http import HttpEvent, Response

Endpoint = Callable[..., Response]

# What a parameter of a path may have, as it stands in a URL.
_PARAMETER = r"[-._~()'!*:@,;=+&$%<> \[\]{}|^\w]+"


class Router:
    """Endpoints by method and path. One takes the event, and what stands for the ``<parameters>``
    of its path; a path without any comes before one with."""

    def __init__(self) -> None:
        self.routes: set[tuple[str, str]] = set()
        self._plain: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []

    def add(self, method: str, path: str) -> Callable[[Endpoint], Endpoint]:
        def register(endpoint: Endpoint) -> Endpoint:
            self.routes.add((method, path))
            if "<" in path:
                pattern = re.compile(
                    re.sub(r"<(\w+)>", lambda name: f"(?P<{name[1]}>{_PARAMETER})", path)
                )
                self._patterns.append((method, pattern, endpoint))
            else:
                self._plain[method, path] = endpoint
            return endpoint

        return register

    def include(self, other: "Router") -> None:
        self.routes |= other.routes
        self._plain |= other._plain
        self._patterns += other._patterns

    def find(self, event: HttpEvent) -> tuple[Endpoint, dict[str, Any]] | None:
        if endpoint := self._plain.get((event.method, event.path)):
            return endpoint, {}
        for method, pattern, endpoint in self._patterns:
            if method == event.method and (found := pattern.fullmatch(event.path)):
                return endpoint, found.groupdict()
        return None
