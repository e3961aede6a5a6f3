"""Routing of the API, by Powertools: a hundred routes, and no image waits for its import."""

import re
from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import event_handler
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from lambdas.web.http import HttpEvent, Response
from lambdas.web.resolver import answer_head, of_error, of_unknown_route

# About what a network packet carries: less would not arrive any sooner.
COMPRESSED_FROM: Final = 1_400
_NOT_AT_ALL: Final = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")


def in_powertools(response: Response) -> event_handler.Response[str]:
    """Powertools compresses a long body for a caller that takes gzip: API Gateway does not."""
    headers: dict[str, str | list[str]] = {**response.headers}
    is_long = len(response.body) >= COMPRESSED_FROM
    if is_long:
        headers["Vary"] = "Accept-Encoding"
    return event_handler.Response(
        int(response.status_code), response.content_type, response.body, headers, compress=is_long
    )


def _as_powertools_reads(event: Mapping[str, Any]) -> dict[str, Any]:
    """Powertools takes the word gzip for consent, with whatever weight it stands."""
    headers = event.get("headers") or {}
    accepted = headers.get("accept-encoding", "").lower().split(",")
    weights = {coding.strip(): weight for coding, _, weight in (a.partition(";") for a in accepted)}
    takes = "gzip" in weights and not _NOT_AT_ALL.fullmatch(weights["gzip"])
    encoding = "gzip" if takes else "identity"
    return {**event, "headers": {**headers, "accept-encoding": encoding}}


class ApiResolver(APIGatewayHttpResolver):
    """Turns every error into ``application/problem+json``."""

    def __init__(self) -> None:
        super().__init__()

        def on_error(error: Exception) -> event_handler.Response[str]:
            return in_powertools(of_error(self._event(), error))

        def on_unknown_route(_: Exception) -> event_handler.Response[str]:
            return in_powertools(of_unknown_route(self._event()))

        self.exception_handler(Exception)(on_error)
        self.not_found(on_unknown_route)

    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        def answer(event: Mapping[str, Any]) -> dict[str, Any]:
            return super(ApiResolver, self).resolve(_as_powertools_reads(event), context)

        return answer_head(event, answer)

    def _event(self) -> HttpEvent:
        return HttpEvent(self.current_event.raw_event)
