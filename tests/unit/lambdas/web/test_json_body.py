from dataclasses import dataclass

import pytest

from lambdas.web.http import HttpEvent
from lambdas.web.json_body import read_json
from visionflow.errors import InvalidBodyError, MissingFieldError


@dataclass(frozen=True)
class Asked:
    label: str
    new: bool = False


@dataclass(frozen=True)
class Reason:
    reason: str | None = None


def event(body: str | None) -> HttpEvent:
    return HttpEvent({} if body is None else {"body": body, "isBase64Encoded": False})


@pytest.mark.parametrize("body", [None, "", "{}", '{"new": true}'])
def test_a_field_that_is_needed_is_named(body: str | None) -> None:
    with pytest.raises(MissingFieldError, match='needs a field "label"'):
        read_json(event(body), Asked)


def test_only_an_optional_body_may_be_left_out() -> None:
    assert read_json(event(None), Reason, optional=True) == Reason()
    with pytest.raises(InvalidBodyError, match="The body is empty"):
        read_json(event(None), Reason)


@pytest.mark.parametrize("body", ["{", "[]", '{"label": 5}', '{"label": "a", "more": 1}'])
def test_a_body_that_does_not_fit_is_refused(body: str) -> None:
    with pytest.raises(InvalidBodyError):
        read_json(event(body), Asked)
    assert read_json(event('{"label": "a"}'), Asked) == Asked("a")
