"""A function that runs in a process of its own, under caps of memory and time.

What a machine has made is opened there: a graph that eats memory or never ends costs that process
and nothing else. It has no credentials, and answers with JSON.
"""

import importlib
import json
import os
import pickle
import resource
import subprocess
import sys
import typing
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from visionflow import strict
from visionflow.errors import ArtifactError, ConfigError, VisionFlowError

P = ParamSpec("P")
T = TypeVar("T")

_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
_LONGEST_REASON = 300


def confined(function: Callable[..., T], *args: object, memory: int, seconds: int) -> T:
    """``function(*args)`` in a child process with at most ``memory`` bytes of address space and
    ``seconds`` of processor time, and twice that by the clock.

    ``function`` stands in a module and says what it returns, which `strict.parse` can read. Raises
    `ArtifactError` with what it raised of VisionFlow's errors, and where it broke a cap or died.
    """
    call = pickle.dumps((function.__module__, function.__qualname__, args))
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__, str(memory), str(seconds)],
            input=call,
            env=environment,
            capture_output=True,
            timeout=2 * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ArtifactError(f"it took over {2 * seconds} s and was ended") from error
    try:
        answer = strict.read_json(done.stdout, "answer")
    except (ConfigError, UnicodeDecodeError) as error:
        raise ArtifactError(
            f"it used over {memory:,} bytes of memory or {seconds} s of processor time, or broke "
            f"(exit code {done.returncode})"
        ) from error
    found = answer if isinstance(answer, dict) else {}
    if "error" in found:
        raise ArtifactError(str(found["error"])[:_LONGEST_REASON])
    returned: type[T] = typing.get_type_hints(function)["return"]
    try:
        return strict.parse(returned, found.get("value"), "answer")
    except ConfigError as error:
        raise ArtifactError(f"it answered with something else ({error})") from error


def _main(memory: int, seconds: int) -> None:
    """The child: limits first, then whatever the call needs."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What the parent wrote; nothing that comes back is unpickled.
    module, name, args = pickle.load(sys.stdin.buffer)  # noqa: S301
    answer: dict[str, object]
    try:
        value = getattr(importlib.import_module(module), name)(*args)
        answer = {"value": strict.to_dict(value)}
    except VisionFlowError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": f"it used over {memory:,} bytes of memory"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:3]))
