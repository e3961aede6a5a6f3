"""Shared libraries lose what no loader reads, and nothing else."""

import os
import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.packaging.shared_objects import detach, mapped, trim

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="This system's are not ELF files.")


@pytest.fixture
def library() -> Path:
    """A module in C++, whose wheel brings its symbols."""
    spec = find_spec("kiwisolver._cext")
    assert spec and spec.origin
    return Path(spec.origin)


def elf(*segments: tuple[int, int], size: int) -> bytes:
    """A file of ``size`` bytes with a header, program headers for ``segments`` (where each begins,
    and its length), and section headers at its end."""
    header = b"\x7fELF\x02\x01".ljust(32, b"\0")
    header += struct.pack("<QQIHHHHHH", 64, size - 64, 0, 64, 56, len(segments), 64, 1, 0)
    programs = b"".join(
        struct.pack("<IIQQQQQQ", 1, 4, offset, 0, 0, length, length, 1)
        for offset, length in segments
    )
    return (header + programs).ljust(size, b"x")


def test_a_file_ends_with_its_last_segment() -> None:
    data = elf((0, 300), (300, 100), (0, 0), size=1000)
    cut = mapped(data)
    assert len(cut) == 400
    assert (cut[:40], cut[48:60], cut[64:]) == (data[:40], data[48:60], data[64:400])
    # No section headers, of which there would be some behind its end.
    assert struct.unpack_from("<Q", cut, 40) == (0,)
    assert struct.unpack_from("<HH", cut, 60) == (0, 0)
    assert mapped(cut) == cut


@pytest.mark.parametrize(
    "data", [b"", b"# text\n", b"\x7fELF\x01\x01" + bytes(100), b"\xcf\xfa\xed\xfe" + bytes(100)]
)
def test_other_files_stay_as_they_are(data: bytes) -> None:
    assert mapped(data) == data


@ON_LINUX
def test_what_is_left_of_a_module_works(library: Path, tmp_path: Path) -> None:
    package = tmp_path / "kiwisolver"
    package.mkdir()
    for file in library.parent.iterdir():
        if file.is_file():
            # As an installer does; what it has in its cache must stay whole.
            os.link(file, package / file.name)
    before = library.read_bytes()
    trim(tmp_path)
    assert library.read_bytes() == before
    assert (package / library.name).stat().st_size < len(before) / 2
    solve = "from kiwisolver import Solver, Variable as V; x = V('x'); s = Solver(); "
    solve += "s.addConstraint(2 * x == 6); s.updateVariables(); print(x.value())"
    answer = subprocess.run(
        [sys.executable, "-c", solve],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout == "3.0\n"


@ON_LINUX
def test_a_library_that_is_never_called_need_not_be_there(tmp_path: Path) -> None:
    package = find_spec("pillow_heif")
    assert package and package.origin
    site = Path(package.origin).parents[1]
    for part in ("_pillow_heif*.so", "pillow_heif", "pillow_heif.libs"):
        (found,) = site.glob(part)
        copy = shutil.copytree if found.is_dir() else shutil.copy2
        copy(found, tmp_path / found.name)
    before = {file.name for file in tmp_path.glob("pillow_heif.libs/*")}
    detach(tmp_path, {"libx265-": "x265_"})
    left = {file.name for file in tmp_path.glob("pillow_heif.libs/*")}
    assert [name for name in before - left if not name.startswith("libx265-")] == []
    assert before - left
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import _pillow_heif as found; "
    program += "print(found.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path))
