"""Further processes for tests, forked: a fresh interpreter would import torch for seconds."""

import multiprocessing
import os
import socket
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess

import pytest
import torch


def run_forked(work: Callable[[], object]) -> int:
    """Run ``work`` in another process; its exit code, negative when a signal ended it."""
    process = _start(work, {})
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def run_group(work: Callable[[], object], world: int = 2) -> Sequence[int]:
    """Run ``work`` in ``world`` processes that see what torchrun would have set; exit codes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": str(world), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    started = [
        _start(work, {**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
        for rank in range(world)
    ]
    for process in started:
        process.join()
    return [process.exitcode or 0 for process in started]


def _start(work: Callable[[], object], environment: dict[str, str]) -> BaseProcess:
    if torch.cuda.is_available():
        pytest.skip("a forked process cannot use the GPU")
    process = multiprocessing.get_context("fork").Process(target=_run, args=(work, environment))
    with warnings.catch_warnings():
        # Python 3.12 warns that other threads' locks may be held; torch's workers fork as well.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    return process


def _run(work: Callable[[], object], environment: dict[str, str]) -> None:
    os.environ |= environment
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
