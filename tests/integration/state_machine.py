"""Runs the deployed state machine's definition in this process: what of the Amazon States Language
it uses, and no more."""

import json
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Task = Callable[[dict[str, Any]], dict[str, Any]]
Reader = Callable[[str, str], str]
MOST_STATES = 500


class StateMachine:
    """``tasks``: by the name that stands in the definition for a function's ARN. ``on_wait`` is
    called with the seconds of each Wait instead of waiting. ``read`` gets the text of an object by
    bucket and key, for a map of its lines."""

    def __init__(
        self,
        definition: Path,
        tasks: Mapping[str, Task],
        on_wait: Callable[[int], object] = lambda _seconds: None,
        read: Reader | None = None,
    ) -> None:
        self._states = json.loads(definition.read_text())
        self._tasks = tasks
        self._on_wait = on_wait
        self._read = read
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
        parameters = _resolve(state["Parameters"], data) if "Parameters" in state else data
        try:
            answer = _retried(state, lambda: task(json.loads(json.dumps(parameters))))
        except Exception as error:
            return self._caught(state, data, error)
        if "ResultPath" not in state:
            return answer, state.get("Next")
        return {**data, state["ResultPath"].removeprefix("$."): answer}, state["Next"]

    def _map(self, state: Any, data: Any) -> Any:
        """A distributed one, of the lines of an object, each in turn."""
        assert self._read is not None
        asked = _resolve(state["ItemReader"]["Parameters"], data)
        (child,) = state["ItemProcessor"]["States"].values()

        def run() -> list[Any]:
            lines = self._read(asked["Bucket"], asked["Key"]).splitlines() if self._read else []
            answers = []
            for line in lines:
                item = _resolve(state["ItemSelector"], {**data, "$item": json.loads(line)})
                try:
                    answers.append(self._task(child, item)[0])
                except Exception:
                    if state.get("ToleratedFailurePercentage") != 100:
                        raise
            return answers

        try:
            answer = _retried(state, run)
        except Exception as error:
            return self._caught(state, data, error)
        if state["ResultPath"] is None:
            return data, state["Next"]
        return {**data, state["ResultPath"].removeprefix("$."): answer}, state["Next"]

    def _caught(self, state: Any, data: Any, error: Exception) -> Any:
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


def _retried(state: Any, work: Callable[[], Any]) -> Any:
    """What ``work`` answers, tried again as often as the last retrier of ``state`` says: that of
    all errors."""
    tries = 1 + state["Retry"][-1]["MaxAttempts"]
    for number in range(1, tries + 1):
        try:
            return json.loads(json.dumps(work()))
        except Exception:  # As Lambda reports any error of its function.
            if number == tries:
                raise
    return None


def _resolve(template: Mapping[str, Any], data: Any) -> dict[str, Any]:
    found = {}
    for key, value in template.items():
        if key.endswith(".$"):
            found[key.removesuffix(".$")] = _at(value, data)
        else:
            found[key] = _resolve(value, data) if isinstance(value, dict) else value
    return found


def _at(path: str, data: Any) -> Any:
    if path == "$$.Map.Item.Value":
        return data["$item"]
    for part in path.removeprefix("$.").split("."):
        data = data[part]
    return data
