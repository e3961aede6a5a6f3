"""Bytecode beside what is deployed.

A function cannot write it beside its code or a layer, so it would compile every module at each cold
start. An interpreter of the target's version compiles, where this machine has one.
"""

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from uv import find_uv_bin

from infra.stages import LayerTarget

LAMBDA_PYTHON: Final = "3.13"
CODE_FOLDER: Final = "/var/task"
LAYER_FOLDER: Final = "/opt"


@dataclass(frozen=True)
class Compiler:
    """``interpreter``: None where there is none, so that packages have sources alone. ``tag`` says
    which it is."""

    interpreter: str | None
    tag: str

    def compile(self, folder: Path, *, seen_as: str) -> None:
        """Compile what is below ``folder``, which functions see as ``seen_as``: tracebacks name it.

        Bytecode of the kind `unchecked-hash` is valid whatever time stamps Lambda gives to the
        sources. The same sources give the same bytes.
        """
        if self.interpreter is None:
            return
        command = [self.interpreter, "-m", "compileall", "-qq", "-j", "0", "--invalidation-mode"]
        command += ["unchecked-hash", "-s", str(folder), "-p", seen_as, str(folder)]
        # Sets are written in the order of their hashes.
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "0"}, check=False)


SOURCES: Final = Compiler(None, "source")


def compiler_for(target: LayerTarget) -> Compiler:
    """Of the Python that runs what is built for ``target``."""
    if target == "host":
        return Compiler(sys.executable, f"bytecode-{platform.python_version()}")
    interpreter = _lambda_python()
    kind = "bytecode" if interpreter else "source"
    return Compiler(interpreter, f"{kind}-{LAMBDA_PYTHON}")


@cache
def _lambda_python() -> str | None:
    """An interpreter of Lambda's Python version on this machine, if there is one."""
    found = subprocess.run(
        [find_uv_bin(), "python", "find", "--no-project", "--no-python-downloads", LAMBDA_PYTHON],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 0:
        return found.stdout.strip()
    print(
        f"Python {LAMBDA_PYTHON} was not found, so code and layers have no bytecode and a cold"
        f" start takes longer. Install it with 'uv python install {LAMBDA_PYTHON}'.",
        file=sys.stderr,
    )
    return None
