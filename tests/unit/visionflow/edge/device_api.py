"""What a stage does with records of a device: one id is one record, by either road."""

import base64
from collections.abc import Callable
from typing import Any

from visionflow.client.errors import ApiError


class DeviceApi:
    """In the place of `Connection`. ``before`` and ``after`` may raise: before a request is carried
    out, or when its answer is lost."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.images: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.refused: set[str] = set()
        self.before: Callable[[str], None] = lambda _path: None
        self.after: Callable[[str], None] = lambda _path: None

    def send(
        self, method: str, path: str, *, body: dict[str, Any], repeatable: bool
    ) -> dict[str, Any]:
        assert (method, repeatable) == ("POST", False)
        self.calls.append(path)
        self.before(path)
        answer = {"/predictions": self._records, "/predict": self._image}[path](body)
        self.after(path)
        return answer

    def _records(self, body: dict[str, Any]) -> dict[str, Any]:
        assert 1 <= len(body["records"]) <= 25
        return {"items": [self._record(record) for record in body["records"]]}

    def _record(self, record: dict[str, Any]) -> dict[str, Any]:
        device_id, error = record["device_id"], None
        if device_id in self.refused:
            outcome, error = "refused", {"code": "model_not_found", "message": "no such version"}
        else:
            outcome = "known" if device_id in self.records else "recorded"
            self.records.setdefault(device_id, record)
        return {"device_id": device_id, "id": device_id, "outcome": outcome, "error": error}

    def _image(self, body: dict[str, Any]) -> dict[str, Any]:
        device_id = body["device"]["device_id"]
        self.records.setdefault(device_id, body["device"])
        self.images[device_id] = base64.b64decode(body["image"], validate=True)
        return {"id": device_id}


def failing(times: int, error: ApiError | BaseException) -> Callable[[str], None]:
    """Raises ``error`` so many times."""
    left = [error] * times

    def fail(_path: str) -> None:
        if left:
            raise left.pop()

    return fail
