"""A request as an HTTP API hands it over (payload 2.0), and what a function answers.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


class HttpEvent:
    """What of an event is read here; ``raw_event`` is all of it."""

    def __init__(self, raw_event: Mapping[str, Any]) -> None:
        self.raw_event = raw_event

    @property
    def method(self) -> str:
        return str(self.raw_event["requestContext"]["http"]["method"])

    @cached_property
    def path(self) -> str:
        """Without the stage's name, which is before it unless that is the default."""
        path, stage = str(self.raw_event["rawPath"]), self.raw_event["requestContext"].get("stage")
        return path if stage in (None, "$default") else path.removeprefix(f"/{stage}")

    @property
    def request_id(self) -> str:
        return str(self.raw_event["requestContext"]["requestId"])

    @cached_property
    def headers(self) -> dict[str, str]:
        """By their names in lower case."""
        found = self.raw_event.get("headers") or {}
        return {str(name).lower(): value for name, value in found.items()}

    @property
    def query(self) -> dict[str, str]:
        return self.raw_event.get("queryStringParameters") or {}

    @property
    def body(self) -> str | None:
        return self.raw_event.get("body")

    @property
    def is_base64(self) -> bool:
        return bool(self.raw_event.get("isBase64Encoded"))

    @property
    def decoded_body(self) -> str | None:
        """As text. Raises `ValueError` for a body that is none."""
        body = self.body
        return base64.b64decode(body.encode()).decode() if body and self.is_base64 else body


@dataclass(frozen=True)
class Response:
    """``body`` is text."""

    status_code: int
    content_type: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_event(self) -> dict[str, Any]:
        """What API Gateway makes an answer of."""
        return {
            "statusCode": int(self.status_code),
            "headers": {**self.headers, "Content-Type": self.content_type},
            "body": self.body,
            "isBase64Encoded": False,
            "cookies": [],
        }


def request_id(event: Mapping[str, Any]) -> str | None:
    """By which API Gateway's access log knows the request."""
    found = event.get("requestContext", {}).get("requestId")
    return None if found is None else str(found)
