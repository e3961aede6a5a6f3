"""What images are compared by: features of a network that saw a million photographs."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.data.cache import cached_bytes
from training.data.image_set import decoded_batches
from training.data.listing import Listing
from training.networks.classifier import build_classifier
from training.networks.trunks.efficientnet_lite0 import FEATURES
from training.stop import check_stop
from visionflow.images.input_spec import InputSpec
from visionflow.images.pipeline import UInt8Array

Float32Array = npt.NDArray[np.float32]

# Larger images take four times as long and group no better.
SPEC = InputSpec(size=160, resize=183)
# Images at once: with more, activations leave the processor's cache, and each takes twice as long.
_ON_CPU = 4


def scene_features(listing: Listing, cache: Path | None = None) -> Float32Array:
    """float32 [N, 1280]: pooled features of EfficientNet-Lite0, mean over image and mirror image.

    The same whatever is trained. With a ``cache`` folder they are kept there and found again by the
    images' content. Raises `DatasetError` for a file that is not an image.
    """
    key = hashlib.sha256(f"scene features {listing.sha256} {SPEC}".encode()).hexdigest()[:32]
    path = cache / f"{key}.features" if cache else None
    flat = cached_bytes(path, lambda: _compute(listing))
    return flat.view(np.float32).reshape(len(listing), FEATURES)


@torch.inference_mode()
def _compute(listing: Listing) -> Iterator[UInt8Array]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = build_classifier("efficientnet_lite0", "package", classes=1000).to(device)
    for images in decoded_batches(listing, SPEC):
        check_stop()
        whole = torch.from_numpy(images).to(device)
        for batch in whole.split(_ON_CPU if device.type == "cpu" else len(whole)):
            features = (network.embed(batch) + network.embed(batch.flip(2))) / 2
            yield features.cpu().numpy().view(np.uint8)
