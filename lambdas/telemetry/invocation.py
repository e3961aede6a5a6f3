"""What Lambda hands over beside an event, and whether this process has seen one before."""

from typing import Protocol


class LambdaContext(Protocol):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    function_name: str
    memory_limit_in_mb: int
    invoked_function_arn: str
    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


class ColdStart:
    """True until the first invocation has been asked about."""

    def __init__(self) -> None:
        self._first = True

    def ask(self) -> bool:
        first, self._first = self._first, False
        return first
