"""Unzipped size of the predict function: code and layers, as Lambda counts them."""

from infra.packaging.runtime_layer import build_runtime_layer
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import source_package
from tests.benchmarks.table import print_table


def report() -> dict[str, float]:
    common = PROJECT / "layers" / "common" / "python"
    packages = {
        "lambdas": source_package("lambdas", PROJECT / "lambdas", below="lambdas"),
        "common layer": source_package("common", common, below="python"),
        "runtime layer, x86_64": build_runtime_layer("x86_64"),
        "runtime layer, arm64": build_runtime_layer("arm64"),
    }
    sizes = {name: package.unzipped_bytes / 1e6 for name, package in packages.items()}
    code = sizes["lambdas"] + sizes["common layer"]
    sizes |= {
        f"all, {target}": code + sizes[f"runtime layer, {target}"] for target in ("x86_64", "arm64")
    }
    print_table(
        "Predict function, unzipped (limit 160 MB)",
        ("part", "MB"),
        [(name, f"{megabytes:.1f}") for name, megabytes in sizes.items()],
    )
    return sizes
