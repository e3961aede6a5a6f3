"""Signals to a whole group of processes, as a terminal and a service manager send them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.unit.training.cli.test_experiments import train_command
from tests.unit.training.conftest import draw_set
from training.fit.checkpoint import CHECKPOINT_FILE


def test_a_group_ends_without_a_word_from_its_workers(tmp_path: Path) -> None:
    draw_set(tmp_path / "data", per_class=12, seed=1)
    more = ["--set=data.workers=2", "--set=scratch.epochs=10000"]
    command = [sys.executable, "-m", "infra.cli"]
    command += train_command(tmp_path / "data", tmp_path / "run", *more)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        # It trains once the first epoch is kept.
        while not (tmp_path / "run" / CHECKPOINT_FILE).exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=120)
    text = err.decode()
    assert process.returncode == 143, text
    assert (out, text.splitlines()[-1]) == (b"", "visionflow: interrupted.")
    for word in ("Traceback", "shm", "died"):
        assert word not in text


def test_ctrl_c_while_the_program_is_imported_leaves_no_traceback() -> None:
    interrupted = """
import os, signal, sys

class Interrupts:
    def find_spec(self, name, *_):
        if name == "infra.cli.main":
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupts())
from infra.cli.__main__ import program
program()
"""
    ended = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, b"")
