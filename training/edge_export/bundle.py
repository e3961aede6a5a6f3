"""The runner as one file: a zip that Python runs, with the modules that it imports."""

import ast
import zipfile
from collections.abc import Iterator
from pathlib import Path

import visionflow

RUNNER = "visionflow-edge.pyz"
_ROOT = Path(visionflow.__path__[0])
_ENTRY = "visionflow.edge.__main__"
_MAIN = "import sys\nfrom visionflow.edge.__main__ import main\nsys.exit(main())\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip file can hold


def write_runner(out: Path) -> None:
    """Write `RUNNER` into the folder ``out``. The same modules give the same bytes."""
    with zipfile.ZipFile(out / RUNNER, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "__main__.py", _MAIN)
        for module in sorted(modules()):
            path = _file_of(module)
            _add(archive, f"visionflow/{path.relative_to(_ROOT).as_posix()}", path.read_text())


def _add(archive: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, text)


def modules() -> set[str]:
    """What the runner imports, at the top or later, with the packages around it."""
    found: set[str] = set()
    left = [_ENTRY]
    while left:
        module = left.pop()
        if module in found or not _exists(module):
            continue
        found.add(module)
        left += _imports(module)
        left.append(module.rpartition(".")[0])
    return found


def _imports(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(_file_of(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _exists(module: str) -> bool:
    return module.partition(".")[0] == "visionflow" and _file_of(module).is_file()


def _file_of(module: str) -> Path:
    path = _ROOT.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
