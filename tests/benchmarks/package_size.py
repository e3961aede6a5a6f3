"""Unzipped size of the predict function: code and layers, as Lambda counts them."""

import zipfile

from infra.packaging.runtime_layer import build_runtime_layer
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import source_package
from tests.benchmarks.figures import Figure, Target, figure

MOST_MB = 110


def report() -> tuple[Figure, ...]:
    common = PROJECT / "layers" / "common" / "python"
    code = {
        "lambdas": source_package("lambdas", PROJECT / "lambdas", below="lambdas"),
        "common layer": source_package("common", common, below="python"),
    }
    figures = []
    for target in ("x86_64", "arm64"):
        packages = code | {"runtime layer": build_runtime_layer(target)}
        with zipfile.ZipFile(packages["runtime layer"].path) as archive:
            compiled = any(name.endswith(".pyc") for name in archive.namelist())
        sizes = {name: package.unzipped_bytes / 1e6 for name, package in packages.items()}
        figures.append(
            figure(
                "package size",
                f"predict function, code and layers, unzipped, {target}",
                {"all": sum(sizes.values())} | sizes,
                "MB",
                target=Target("at most", MOST_MB),
                note="with bytecode" if compiled else "without bytecode",
            )
        )
    return tuple(figures)
