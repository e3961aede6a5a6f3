import inspect
from http import HTTPStatus

import pytest

from lambdas.outcomes import STATUSES
from visionflow import errors

TREE = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.VisionFlowError)
]


def test_the_table_has_each_error_of_the_tree() -> None:
    assert set(STATUSES) == set(TREE)


def test_codes_are_distinct() -> None:
    assert len({cls.code for cls in TREE}) == len(TREE)


@pytest.mark.parametrize("cls", TREE)
def test_the_sender_s_errors_are_4xx_and_never_retried(cls: type[errors.VisionFlowError]) -> None:
    status = STATUSES[cls]
    if issubclass(cls, errors.QuotaExceededError):
        # The sender's, but the same request succeeds in another minute or month.
        assert (status, cls.retryable) == (HTTPStatus.TOO_MANY_REQUESTS, True)
        return
    if issubclass(cls, errors.InputError):
        assert HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        assert not cls.retryable
    else:
        assert status >= HTTPStatus.INTERNAL_SERVER_ERROR
        assert cls.retryable


def test_the_drawing_names_each_class() -> None:
    assert errors.__doc__
    assert all(cls.__name__ in errors.__doc__ for cls in TREE)
