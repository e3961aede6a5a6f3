"""Runs thousands of damaged inputs in a separate process and watches it from outside."""

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field

MOST_SECONDS = 2.0
"""Processor time that one input may take."""
HANG_SECONDS = 30.0
"""Wall-clock time after which an input counts as hung, even on a busy machine."""
MEMORY_CAP = 1_000_000_000
"""Bytes of address space that inputs may add to what the process has at its start."""

_START_SECONDS = 60.0


@dataclass
class Campaign:
    """The outcomes of the inputs of ``seed``, which the command ``worker`` runs.

    ``findings`` maps the index of an input to its forbidden outcome; `Inputs.make` makes the input
    again. ``slowest``: seconds of processor time and the input. ``peak``: resident bytes.
    """

    seed: int
    worker: tuple[str, ...] = (sys.executable, "-m", "tests.fuzzing.worker")
    codes: Counter[str] = field(default_factory=Counter)
    findings: dict[int, str] = field(default_factory=dict)
    slowest: tuple[float, int] = (0.0, -1)
    peak: int = 0

    def run(self, first: int, count: int) -> None:
        """Run ``count`` inputs from ``first``; a crash or a hang does not end the run."""
        at, end = first, first + count
        while at < end:
            at = self._run_until_it_breaks(at, end)

    def _run_until_it_breaks(self, at: int, end: int) -> int:
        """Return the next index. Raises `RuntimeError` when the worker does not start."""
        arguments = [str(number) for number in (self.seed, at, end, MEMORY_CAP)]
        with (
            tempfile.TemporaryFile() as errors,  # a pipe would fill up: libtiff logs a lot
            subprocess.Popen(
                [*self.worker, *arguments],
                stdout=subprocess.PIPE,
                stderr=errors,
                bufsize=0,  # select does not see what a buffer holds
                # Pillow warns about odd files; only the outcome counts here.
                env=os.environ | {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"},
            ) as worker,
        ):
            line = _next_line(worker, _START_SECONDS)
            if not line and worker.wait() == 1:
                errors.seek(0)
                raise RuntimeError(errors.read().decode(errors="replace"))
            while line:
                words = line.decode().split()
                if len(words) == 1:
                    self.peak = max(self.peak, int(words[0]))
                else:
                    self._note(at, words[1], float(words[2]) / 1e6)
                    at += 1
                line = _next_line(worker, HANG_SECONDS)
            if line is None:
                worker.kill()
        if at < end:
            broke = "hang" if line is None else f"crash ({_name(worker.returncode)})"
            self.findings[at] = f"!{broke}"
            at += 1
        return at

    def _note(self, index: int, code: str, seconds: float) -> None:
        self.codes[code] += 1
        self.slowest = max(self.slowest, (seconds, index))
        if code.startswith("!") or seconds > MOST_SECONDS:
            self.findings[index] = code if code.startswith("!") else "!slow"


def _next_line(worker: subprocess.Popen[bytes], within: float) -> bytes | None:
    """Return a line, b"" at the end, None after ``within`` seconds without one."""
    assert worker.stdout is not None
    ready, _, _ = select.select([worker.stdout], [], [], within)
    return worker.stdout.readline() if ready else None


def _name(returncode: int) -> str:
    return signal.Signals(-returncode).name if returncode < 0 else f"exit {returncode}"
