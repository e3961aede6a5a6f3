"""What is deployed beside the template: code, layers, the built dashboard, the starter model."""

from dataclasses import dataclass
from pathlib import Path

from infra.packaging.bytecode import LAYER_FOLDER, compiler_for
from infra.packaging.runtime_layer import (
    build_api_layer,
    build_parquet_layer,
    build_runtime_layer,
    build_tokens_layer,
)
from infra.packaging.training_layer import build_training_layer
from infra.packaging.workspace import PROJECT
from infra.packaging.zip_files import (
    PROGRAMS,
    Package,
    instant_package,
    source_package,
    training_bundle,
)
from infra.stages import LayerTarget, StageConfig
from visionflow_starter import STARTER


@dataclass(frozen=True, kw_only=True)
class Assets:
    """Files that go with the stacks.

    Attributes:
        code: the `lambdas` package.
        common_layer: `visionflow`.
        starter_layer: `visionflow_starter`, for functions that compare images by its trunk.
        runtime_layer: onnxruntime, numpy and pillow.
        api_layer: what the function `api` needs beside it.
        tokens_layer: what the authorizer needs beside it.
        parquet_layer: what the function `chunk` needs beside it.
        instant_code: what the function that trains runs: `lambdas`, `training`, `visionflow` and
            the starter.
        training_layer: what it imports, in place of the runtime layer.
        training_bundle: the `training` package with what it needs, for a machine that trains.
        dashboard: folder of the built dashboard.
        starter_model: folder of the artifact that a fresh deployment classifies with.
    """

    code: Package
    common_layer: Package
    starter_layer: Package
    runtime_layer: Package
    api_layer: Package
    tokens_layer: Package
    parquet_layer: Package
    instant_code: Package
    training_layer: Package
    training_bundle: Package
    dashboard: Path
    starter_model: Path

    @property
    def unzipped_bytes(self) -> int:
        """Code and layers as Lambda counts them."""
        packages = (self.code, self.common_layer, self.runtime_layer)
        return sum(package.unzipped_bytes for package in packages)


def code_package(target: LayerTarget) -> Package:
    """The `lambdas` package, compiled for ``target``."""
    return source_package(
        "lambdas", PROJECT / "lambdas", below="lambdas", compiler=compiler_for(target)
    )


def own_layer(name: str, target: LayerTarget) -> Package:
    """A layer of this project's own code, ``common`` or ``starter``, compiled for ``target``."""
    return source_package(
        name,
        PROJECT / "layers" / name / "python",
        below="python",
        compiler=compiler_for(target),
        seen_as=LAYER_FOLDER,
        without=PROGRAMS,
    )


def project_assets(stage: StageConfig) -> Assets:
    """The assets of this checkout, built for `stage` where they were not built before."""
    return Assets(
        code=code_package(stage.layer_target),
        common_layer=own_layer("common", stage.layer_target),
        starter_layer=own_layer("starter", stage.layer_target),
        runtime_layer=build_runtime_layer(stage.layer_target),
        api_layer=build_api_layer(stage.layer_target),
        tokens_layer=build_tokens_layer(stage.layer_target),
        parquet_layer=build_parquet_layer(stage.layer_target),
        instant_code=instant_package(PROJECT),
        training_layer=build_training_layer(stage.layer_target),
        training_bundle=training_bundle(PROJECT),
        dashboard=PROJECT / "dashboard" / "dist",
        starter_model=STARTER,
    )
