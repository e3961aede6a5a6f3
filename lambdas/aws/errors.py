"""What goes wrong with a call. Codes and the shape of ``response`` are those of botocore."""

import sys
from types import MappingProxyType, SimpleNamespace
from typing import Any


class ClientError(Exception):
    """AWS has answered with an error, whose code and message are in ``response``."""

    def __init__(self, response: dict[str, Any], operation_name: str) -> None:
        told = response["Error"]
        super().__init__(
            f"An error occurred ({told['Code']}) when calling the {operation_name} operation: "
            f"{told['Message']}"
        )
        self.response = response
        self.operation_name = operation_name


class ConditionalCheckFailedException(ClientError):  # noqa: N818  AWS calls it so
    """A condition of a write does not hold."""


class TransactionCanceledException(ClientError):  # noqa: N818
    """One of the actions of a transaction cannot be done; ``CancellationReasons`` say why."""


class NoSuchKey(ClientError):  # noqa: N818
    """There is no such object."""


class InvalidObjectState(ClientError):  # noqa: N818
    """The object is in an archive."""


class UnreachedError(Exception):
    """There was no answer: no connection, none in time, or one that broke off."""


class CredentialsError(UnreachedError):
    """Nobody gives credentials."""


CLASSES = MappingProxyType(
    {
        error.__name__: error
        for error in (
            ConditionalCheckFailedException,
            InvalidObjectState,
            NoSuchKey,
            TransactionCanceledException,
        )
    }
)
# What boto3's clients have under the same name.
EXCEPTIONS = SimpleNamespace(ClientError=ClientError, **CLASSES)


def answered_errors() -> tuple[type[Exception], ...]:
    """The classes of answers that are errors, of these clients and of boto3's, if it is loaded:
    nothing else could have raised them."""
    botocore = sys.modules.get("botocore.exceptions")
    return (ClientError,) if botocore is None else (ClientError, botocore.ClientError)


def aws_errors() -> tuple[type[Exception], ...]:
    """The classes of everything that goes wrong with a call."""
    botocore = sys.modules.get("botocore.exceptions")
    found = (*answered_errors(), UnreachedError)
    return found if botocore is None else (*found, botocore.BotoCoreError)
