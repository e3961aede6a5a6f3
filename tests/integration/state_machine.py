"""Runs the deployed state machine's definition in this process: what of the Amazon States Language
it uses, and no more."""

import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from infra.constructs.training_job.definition import DEFINITION

Task = Callable[[dict[str, Any]], dict[str, Any]]
MOST_STATES = 500


class StateMachine:
    """``tasks``: by the name that stands in the definition for a function's ARN. ``on_wait`` is
    called with the seconds of each Wait instead of waiting."""

    def __init__(self, tasks: Mapping[str, Task], on_wait: Callable[[int], object]) -> None:
        self._states = json.loads(DEFINITION.read_text())
        self._tasks = tasks
        self._on_wait = on_wait
        self.visited: list[str] = []

    def run(self, data: dict[str, Any]) -> dict[str, Any]:
        name: str | None = self._states["StartAt"]
        while name is not None:
            self.visited.append(name)
            assert len(self.visited) < MOST_STATES, self.visited[-20:]
            state = self._states["States"][name]
            data, name = getattr(self, f"_{state['Type'].lower()}")(state, data)
        return data

    def _pass(self, state: Any, data: Any) -> Any:
        return _resolve(state["Parameters"], data), state["Next"]

    def _succeed(self, _state: Any, data: Any) -> Any:
        return data, None

    def _wait(self, state: Any, data: Any) -> Any:
        self._on_wait(_at(state["SecondsPath"], data))
        return data, state["Next"]

    def _choice(self, state: Any, data: Any) -> Any:
        for choice in state["Choices"]:
            if _at(choice["Variable"], data) == choice["StringEquals"]:
                return data, choice["Next"]
        return data, state["Default"]

    def _task(self, state: Any, data: Any) -> Any:
        task = self._tasks[state["Resource"].strip("${}")]
        parameters = _resolve(state["Parameters"], data)
        (retry,) = state["Retry"]
        error: Exception | None = None
        for _ in range(1 + retry["MaxAttempts"]):
            try:
                answer = json.loads(json.dumps(task(json.loads(json.dumps(parameters)))))
            except Exception as raised:  # As Lambda reports any error of its function.
                error = raised
            else:
                return {**data, state["ResultPath"].removeprefix("$."): answer}, state["Next"]
        assert error is not None
        if "Catch" not in state:
            raise error
        (catch,) = state["Catch"]
        # https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
        cause = {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": "52fdfc07-2182-154f-163f-5f0f9a621d72",
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
        caught = {"Error": type(error).__name__, "Cause": json.dumps(cause)}
        return {**data, catch["ResultPath"].removeprefix("$."): caught}, catch["Next"]


def _resolve(template: Mapping[str, Any], data: Any) -> dict[str, Any]:
    return {
        key.removesuffix(".$"): _at(value, data) if key.endswith(".$") else value
        for key, value in template.items()
    }


def _at(path: str, data: Any) -> Any:
    for part in path.removeprefix("$.").split("."):
        data = data[part]
    return data
