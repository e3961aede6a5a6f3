"""Calls an ASGI application like a server, without a network."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI

BOUNDARY = "image-boundary"


class Backend:
    """An application with ``POST /predict``."""

    def __init__(self, app: "FastAPI") -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def call(self, body: bytes) -> dict[str, Any]:
        """The JSON of one ``POST /predict`` with a `multipart` ``body``."""
        return self._loop.run_until_complete(self._call(body))

    def close(self) -> None:
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _call(self, body: bytes) -> dict[str, Any]:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/predict",
            "raw_path": b"/predict",
            "query_string": b"",
            "headers": [
                (b"content-type", f"multipart/form-data; boundary={BOUNDARY}".encode()),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        answer: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            answer.append(message.get("body", b""))

        await self._app(scope, receive, send)
        found: dict[str, Any] = json.loads(b"".join(answer))
        return found


def multipart(image: bytes) -> bytes:
    """``image`` as the form field ``file``."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n'
    tail = f"\r\n--{BOUNDARY}--\r\n"
    return f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + image + tail.encode()
