"""Unzipped size of the predict function: code and layers, as Lambda counts them."""

import zipfile

from infra.packaging.assets import code_package, own_layer
from infra.packaging.runtime_layer import build_runtime_layer
from infra.stages import LayerTarget
from tests.benchmarks.figures import Figure, Target, figure

MOST_MB = 110
_TARGETS: tuple[LayerTarget, ...] = ("x86_64", "arm64")


def report() -> tuple[Figure, ...]:
    figures = []
    for target in _TARGETS:
        packages = {
            "lambdas": code_package(target),
            "common layer": own_layer("common", target),
            "runtime layer": build_runtime_layer(target),
        }
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
