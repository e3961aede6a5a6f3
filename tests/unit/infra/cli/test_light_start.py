"""`make up` installs nothing that only training needs."""

import subprocess
import sys

_ONLY_FOR_TRAINING = ("torch", "torchvision", "onnx", "scipy", "sklearn", "tqdm", "matplotlib")
_START = f"""
import sys
sys.modules.update(dict.fromkeys({_ONLY_FOR_TRAINING!r}))
import infra.cli.main
"""


def test_the_command_line_starts_without_the_packages_of_training() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _START], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
