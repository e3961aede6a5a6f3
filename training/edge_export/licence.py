"""Under which licence an exported model is, as far as the version says it."""

import shutil
from pathlib import Path

import visionflow_starter
from visionflow.models.manifest import Manifest

LICENCE = "LICENSE"
_STARTER = Path(visionflow_starter.__path__[0])
_OF_STARTER = "efficientnet_lite0"


def write_licence(out: Path, artifact: Path, manifest: Manifest) -> None:
    """Copy the licence that lies beside the version, or that of the starter's weights where it
    began from these."""
    for folder in (artifact, *((_STARTER,) if _from_starter(manifest) else ())):
        if (folder / LICENCE).is_file():
            shutil.copyfile(folder / LICENCE, out / LICENCE)
            return


def sentence(manifest: Manifest, *, there: bool) -> str:
    """For the README."""
    if _from_starter(manifest):
        return (
            "The network and the weights that it began from are EfficientNet-Lite0 of the "
            "TensorFlow authors, Apache-2.0, in LICENSE; changed: quantized to int8, or trained "
            "further on other images. What labels and images of the training allow is for their "
            "owner to say."
        )
    if there:
        return "The licence that came with the version is in LICENSE."
    return (
        "No licence came with this version. Its weights are whoever's trained it, and may depend "
        "on those that the training began from: "
        f"{_weights(manifest) or 'the version does not say which'}."
    )


def _from_starter(manifest: Manifest) -> bool:
    return (manifest.config.get("model") or {}).get("name") == _OF_STARTER and _weights(
        manifest
    ) in (None, "package")


def _weights(manifest: Manifest) -> str | None:
    for part in ("model", "adopted"):
        if weights := (manifest.config.get(part) or {}).get("weights"):
            return str(weights)
    return None
