"""The order of messages that are delivered again."""

import sys
from typing import Any

import pytest
from botocore import exceptions

from lambdas.classification.deliveries import in_order


def test_an_sdk_that_is_loaded_by_asking_may_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its errors' classes are known only then, and no other message waits for it."""
    monkeypatch.delitem(sys.modules, "botocore.exceptions")

    def attempts() -> Any:
        monkeypatch.setitem(sys.modules, "botocore.exceptions", exceptions)
        raise exceptions.EndpointConnectionError(endpoint_url="https://dynamodb")

    messages = [
        {"messageId": "again", "attributes": {"ApproximateReceiveCount": "2"}},
        {"messageId": "first", "attributes": {"ApproximateReceiveCount": "1"}},
    ]
    assert [found["messageId"] for found in in_order(messages, attempts)] == ["first", "again"]
