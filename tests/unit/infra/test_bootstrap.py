"""The first tool that is installed is checked as all others are."""

import re
import subprocess
from pathlib import Path

from infra.packaging.workspace import PROJECT


def recipe(target: str) -> str:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return makefile.partition(f"\n{target}:")[2].partition("\n\n")[0]


def test_uv_is_installed_by_the_hashes_of_the_lock(tmp_path: Path) -> None:
    lines = recipe("$(UV)").splitlines()
    (install,) = [line for line in lines if "pip install" in line]
    assert "--require-hashes" in install
    assert "==" not in install
    (extract,) = [line for line in lines if line.lstrip().startswith("sed")]
    command = extract.strip().replace("$$", "$").partition(" > ")[0]
    found = subprocess.run(
        ["/bin/sh", "-c", command], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    first, *hashes = found.splitlines()
    assert re.fullmatch(r"uv==[\d.]+ \\", first)
    assert len(hashes) > 5
    assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in hashes)
    assert not hashes[-1].endswith("\\"), "what follows is not uv's"
