"""What is sent to Lambda, and that nothing is sent twice."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from infra.packaging import bytecode
from infra.packaging.assets import Assets
from infra.packaging.bytecode import compiler_for
from infra.packaging.runtime_layer import LOCK, build_runtime_layer
from infra.packaging.zip_files import source_package
from tests.images import encode, plain

LIMIT_MB = 110
_TAG = sys.implementation.cache_tag

_RUN_MODEL = """
import os, sys
sys.path.insert(0, os.environ["LAYER"])
import numpy, onnxruntime, PIL.Image
session = onnxruntime.InferenceSession(os.environ["MODEL"])
image = numpy.zeros((1, 8, 8, 3), numpy.uint8)
print([output.shape for output in session.run(None, {"image": image})])
"""

# Each format by the path of the functions, whose HEIC lacks the encoder that it is linked to.
_DECODE = """
import os, sys
from pathlib import Path
sys.path.insert(0, os.environ["LAYER"])
from visionflow.images import pipeline
from visionflow.images.input_spec import InputSpec
spec = InputSpec(8, 8)
found = []
for name in ("JPEG", "PNG", "WEBP", "TIFF", "HEIC", "AVIF"):
    image = pipeline.decode(Path(os.environ["IMAGES"], name).read_bytes(), spec)
    red, green, blue = pipeline.prepare(image, spec).mean(axis=(0, 1))
    if red > 180 > 90 > max(green, blue) and pipeline.thumbnail(image):
        found.append(name)
print(*found)
"""

_CHECK_TOKEN = """
import os, sys
sys.path.insert(0, os.environ["LAYER"])
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
key = rsa.generate_private_key(65537, 2048)
token = jwt.encode({"sub": "1"}, key, "RS256")
print(jwt.decode(token, key.public_key(), ["RS256"])["sub"])
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    (folder / "predict" / "__pycache__").mkdir(parents=True)
    (folder / "predict" / "handler.py").write_text("answer = 42\n")
    (folder / "predict" / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"\0")
    return folder


def test_a_package_holds_the_sources_below_their_module_path(sources: Path, tmp_path: Path) -> None:
    package = source_package("code", sources, below="lambdas", into=tmp_path)
    with zipfile.ZipFile(package.path) as archive:
        assert archive.namelist() == ["lambdas/predict/handler.py"]
        assert archive.read("lambdas/predict/handler.py") == b"answer = 42\n"
    assert package.unzipped_bytes == len(b"answer = 42\n")


def test_the_same_sources_make_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    (sources / "predict" / "handler.py").write_text("answer = 42 in {'a', 'b', 'c', 'd'}\n")
    compiler = compiler_for("host")
    first = source_package(
        "code", sources, below="lambdas", compiler=compiler, into=tmp_path / "one"
    )
    os.utime(sources / "predict" / "handler.py", (0, 0))
    second = source_package(
        "code", sources, below="lambdas", compiler=compiler, into=tmp_path / "two"
    )
    assert first.digest == second.digest
    assert first.path.name == second.path.name
    assert first.path.read_bytes() == second.path.read_bytes()


def test_another_content_or_name_makes_another_package(sources: Path, tmp_path: Path) -> None:
    first = source_package("code", sources, below="lambdas", into=tmp_path)
    (sources / "predict" / "handler.py").rename(sources / "predict" / "service.py")
    renamed = source_package("code", sources, below="lambdas", into=tmp_path)
    (sources / "predict" / "service.py").write_text("answer = 43\n")
    edited = source_package("code", sources, below="lambdas", into=tmp_path)
    assert len({package.digest for package in (first, renamed, edited)}) == 3


def test_deployed_code_is_not_compiled_at_each_cold_start(assets: Assets) -> None:
    """Functions cannot write bytecode beside their code or a layer."""
    for package in (assets.code, assets.common_layer, assets.starter_layer, assets.runtime_layer):
        with zipfile.ZipFile(package.path) as archive:
            files = set(archive.namelist())
            modules = [PurePosixPath(name) for name in files if name.endswith(".py")]
            for module in modules:
                cached = module.parent / "__pycache__" / f"{module.stem}.{_TAG}.pyc"
                assert str(cached) in files
                # Valid without a look at the source's time, which Lambda sets anew: PEP 552.
                flags = int.from_bytes(archive.read(str(cached))[4:8], "little")
                assert flags == 0b01
        assert modules


def test_bytecode_is_imported_whatever_the_source_is(sources: Path, tmp_path: Path) -> None:
    (sources / "predict" / "handler.py").write_text("def fail():\n    raise ValueError\n")
    package = source_package(
        "code", sources, below="deployed", compiler=compiler_for("host"), into=tmp_path
    )
    with zipfile.ZipFile(package.path) as archive:
        archive.extractall(tmp_path / "task")
    # Lambda gives it another time. Another content shows which of the two was imported.
    (tmp_path / "task" / "deployed" / "predict" / "handler.py").write_text("def other(): ...\n")
    script = "from deployed.predict import handler; print(handler.fail.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "task",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "fail"


def test_a_machine_without_lambdas_python_builds_sources_and_says_so(
    sources: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bytecode, "LAMBDA_PYTHON", "3.99")
    bytecode._lambda_python.cache_clear()
    compiler = compiler_for("arm64")
    bytecode._lambda_python.cache_clear()
    assert "uv python install 3.99" in capsys.readouterr().err
    package = source_package("code", sources, below="lambdas", compiler=compiler, into=tmp_path)
    with zipfile.ZipFile(package.path) as archive:
        assert archive.namelist() == ["lambdas/predict/handler.py"]


def test_the_function_finds_its_handlers_and_the_shared_library(assets: Assets) -> None:
    with zipfile.ZipFile(assets.code.path) as archive:
        code = set(archive.namelist())
    for function in ("predict", "ingest", "api", "authorizer"):
        assert f"lambdas/{function}/handler.py" in code
    with zipfile.ZipFile(assets.common_layer.path) as archive:
        common = set(archive.namelist())
    assert "python/visionflow/answers/classifier.py" in common
    assert not {name for name in code | common if "/tests/" in name}


def test_the_runtime_layer_holds_what_functions_import_and_no_more(assets: Assets) -> None:
    with zipfile.ZipFile(assets.runtime_layer.path) as archive:
        files = archive.namelist()
    packages = {name.split("/")[1] for name in files}
    needed = {"onnxruntime", "numpy", "PIL", "pillow_heif", "pybase64", "python_multipart"}
    assert needed <= packages
    unneeded_ones = ("boto3", "botocore", "sympy", "google", "flatbuffers", "bin", "cffi", "wrapt")
    for unneeded in (*unneeded_ones, "aws_lambda_powertools", "cryptography", "jwt"):
        assert unneeded not in packages
    for pruned in (
        "libx265",
        "libxcb",
        "libonnxruntime.so",
        "onnxruntime/transformers/",
        "numpy/f2py/",
        "/tests/",
    ):
        assert not [name for name in files if pruned in name]


@pytest.mark.parametrize(
    ("script", "printed", "layers"),
    [
        (_RUN_MODEL, "[(1, 3), (1, 3), (1, 3, 8, 8)]", ("runtime",)),
        (_DECODE, "JPEG PNG WEBP TIFF HEIC AVIF", ("runtime", "common")),
        (_CHECK_TOKEN, "1", ("runtime", "tokens")),
    ],
    ids=["model", "formats", "token"],
)
def test_the_layers_alone_are_enough(
    assets: Assets, tmp_path: Path, script: str, printed: str, layers: tuple[str, ...]
) -> None:
    packages = {
        "runtime": assets.runtime_layer,
        "common": assets.common_layer,
        "tokens": assets.tokens_layer,
    }
    for layer in layers:
        with zipfile.ZipFile(packages[layer].path) as archive:
            archive.extractall(tmp_path)
    images = tmp_path / "images"
    images.mkdir()
    for name in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF"):
        (images / name).write_bytes(encode(plain("red"), name))
    (images / "HEIC").write_bytes(encode(plain("red"), "HEIF"))
    # -I -S: neither this environment's packages nor the working directory.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={
            "LAYER": str(tmp_path / "python"),
            "MODEL": str(assets.starter_model / "model.onnx"),
            "IMAGES": str(images),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    assert answer.stdout.strip() == printed


def test_the_runtime_layer_brings_its_bytecode(assets: Assets) -> None:
    """Functions cannot write bytecode below /opt: they would compile for 0.4 s at each start."""
    with zipfile.ZipFile(assets.runtime_layer.path) as archive:
        files = set(archive.namelist())
    numpy = [name for name in files if name.startswith("python/numpy/__pycache__/__init__.")]
    assert numpy


def test_licences_travel_with_the_wheels(assets: Assets) -> None:
    with zipfile.ZipFile(assets.runtime_layer.path) as archive:
        files = archive.namelist()
    assert [name for name in files if "dist-info/licenses/" in name]


def test_code_and_layers_are_far_below_lambdas_limit(assets: Assets) -> None:
    assert assets.unzipped_bytes / 1e6 <= LIMIT_MB


def test_a_second_build_is_the_first_one(assets: Assets) -> None:
    written = assets.runtime_layer.path.stat().st_mtime_ns
    again = build_runtime_layer("host")
    assert again == assets.runtime_layer
    assert again.path.stat().st_mtime_ns == written


def test_the_lock_names_hashes_and_no_registry() -> None:
    lock = LOCK.read_text()
    assert "://" not in lock
    pins = [line for line in lock.splitlines() if "==" in line]
    assert pins
    assert all(line.endswith(" \\") for line in pins), "a pin without a hash"
