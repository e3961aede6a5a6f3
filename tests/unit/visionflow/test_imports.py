"""What `visionflow` promises about each of its modules, held against all of them."""

import ast
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import visionflow

MODULES = [info.name for info in pkgutil.walk_packages(visionflow.__path__, "visionflow.")]
SOURCES = {
    path: path.read_text(encoding="utf-8") for path in Path(visionflow.__path__[0]).rglob("*.py")
}
HEAVY = {"boto3", "botocore", "torch", "onnxruntime", "onnx", "pydantic", "pillow_heif"}
LIGHT = HEAVY | {"numpy", "PIL"}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "expandvars", "expanduser"}

PROBE = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    loaded = sorted(set(json.loads(sys.argv[2])) & set(sys.modules))
    if loaded:
        sys.exit(f"{name} imports {', '.join(loaded)}")
"""


def imported_afresh(modules: list[str], forbidden: set[str]) -> str:
    """What is wrong with importing ``modules`` one after the other in a new interpreter."""
    asked = (json.dumps(modules), json.dumps(sorted(forbidden)))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROBE, *asked],
        capture_output=True,
        check=False,
        text=True,
    )
    return done.stderr.strip()


def environment_reads(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT:
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ENVIRONMENT & {alias.name for alias in node.names}


def imports_of(module: str, source: str) -> Iterator[ast.stmt]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").partition(".")[0]}
        else:
            continue
        if module in names:
            yield node


def test_no_module_imports_anything_heavy() -> None:
    assert "visionflow.answers.classifier" in MODULES
    assert imported_afresh(MODULES, HEAVY) == ""


def test_records_stores_and_costs_are_read_without_numpy() -> None:
    """The API starts without it. `tryout` is a program of its own."""
    drawing = {
        "visionflow.images.pipeline",
        "visionflow.images.pixels",
        "visionflow.images.colours",
        "visionflow.images.decoding",
        "visionflow.images.samples",
        "visionflow.answers.back_off",
        "visionflow.answers.classifier",
        "visionflow.answers.embedder",
        "visionflow.answers.familiarity",
        "visionflow.answers.tryout",
        "visionflow.backfills.comparison.clusters",
        "visionflow.datasets.comparison",
        "visionflow.edge.answering",
        "visionflow.edge.run",
    }
    assert imported_afresh([name for name in MODULES if name not in drawing], LIGHT) == ""


def test_the_client_alone_brings_a_library_for_http() -> None:
    functions = [name for name in MODULES if not name.startswith("visionflow.client")]
    drawing = (
        "answering",
        "run",
        "pipeline",
        "decoding",
        "tryout",
        "classifier",
        "embedder",
        "comparison",
    )
    plain = [name for name in functions if not name.endswith(drawing)]
    assert imported_afresh(plain, {"urllib3", "visionflow.client"}) == ""


def test_no_module_reads_the_environment() -> None:
    found = {path.name: list(environment_reads(source)) for path, source in SOURCES.items()}
    # One hands on to the process that it starts what an interpreter needs, and no credentials. The
    # others are programs' own: one reads the URL and key to call, one bounds NumPy's threads.
    programs = {"cloud.py", "__main__.py"}
    assert {name for name, reads in found.items() if reads} == {"trial.py", *programs}


def test_one_module_alone_opens_models() -> None:
    importers = [path for path, source in SOURCES.items() if [*imports_of("onnxruntime", source)]]
    assert [path.name for path in importers] == ["session.py"]


def test_a_heavy_import_would_be_found() -> None:
    assert imported_afresh(["visionflow.errors", "boto3"], HEAVY) == "boto3 imports boto3, botocore"


@pytest.mark.parametrize(
    "source",
    ["import os\nos.environ['A']", "from os import getenv", "import os\nos.getenv('A')"],
)
def test_a_read_of_the_environment_would_be_found(source: str) -> None:
    assert [*environment_reads(source)]


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("lambdas.api.handler", {"onnxruntime", "torch", "pydantic", "numpy", "cryptography"}),
        ("lambdas.predict.handler", {"torch", "pydantic", "onnx", "cryptography"}),
        ("lambdas.predict.handler", {"PIL.ImageCms", "PIL.AvifImagePlugin", "pillow_heif"}),
        ("lambdas.authorizer.handler", {"onnxruntime", "torch", "pydantic", "numpy"}),
    ],
)
def test_a_handler_imports_what_it_needs_alone(module: str, forbidden: set[str]) -> None:
    assert imported_afresh([module], forbidden) == ""
