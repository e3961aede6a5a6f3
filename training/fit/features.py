"""Features of a frozen trunk: computed once, kept in a file, trained on in memory."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm
from tqdm import tqdm

from training.config import TrainConfig
from training.data.balance import epoch_order
from training.data.cache import cached_bytes
from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.fit.distributed import Process
from training.fit.precision import autocast
from training.fit.validation import batch_size
from training.networks.heads import Head
from training.networks.network import ConvNet
from training.stop import check_stop
from visionflow.images.pipeline import UInt8Array


class FeatureStore:
    """Pooled features of ``model``'s trunk, in files of ``folder`` that later runs find again."""

    def __init__(self, model: ConvNet, folder: Path, process: Process, bfloat16: bool) -> None:
        self._model = model
        self._folder = folder
        self._process = process
        self._bfloat16 = bfloat16
        # The pixels that a trunk takes are not among its weights.
        pixels = f"{model.mean.ravel().tolist()} {model.std.ravel().tolist()}"
        self._trunk = hashlib.sha256(pixels.encode())
        for name, value in model.state_dict().items():
            if not name.startswith("head."):
                self._trunk.update(name.encode())
                self._trunk.update(value.cpu().contiguous().numpy().tobytes())

    def features(self, image_set: ImageSet, sha256: str, *, mirrored: bool) -> Tensor:
        """float32 [N, views, F] on the process's device: the images as they are and, with
        ``mirrored``, their mirror images. ``sha256`` names the images.

        Raises `DatasetError` when the file cannot be written.
        """
        views = 2 if mirrored else 1
        key = self._trunk.copy()
        key.update(f"{sha256} {views} {self._bfloat16}".encode())
        path = self._folder / f"{key.hexdigest()[:32]}.features"
        flat = cached_bytes(path, lambda: self._compute(image_set, views))
        features = torch.from_numpy(flat.view(np.float32))
        return features.reshape(len(image_set), views, -1).to(self._process.device)

    @torch.inference_mode()
    def _compute(self, image_set: ImageSet, views: int) -> Iterator[UInt8Array]:
        self._model.eval()
        size = max(1, batch_size(image_set) // views)
        for start in tqdm(range(0, len(image_set), size), desc="features", disable=None):
            check_stop()
            images = torch.from_numpy(np.array(image_set.images[start : start + size]))
            images = images.to(self._process.device)
            both = torch.stack([images, images.flip(2)][:views], dim=1).flatten(end_dim=1)
            with autocast(self._process.device, self._bfloat16):
                embedding = self._model.embed(both)
            yield embedding.float().cpu().numpy().view(np.uint8)


@torch.no_grad()
def estimate_batch_norm(head: Head, features: Tensor) -> None:
    """Give a batch norm at the bottom of ``head`` the mean and variance of ``features``
    [N, views, F], which it would need hundreds of steps to find."""
    norm = head[0]
    if isinstance(norm, _BatchNorm):
        variance, mean = torch.var_mean(features.flatten(end_dim=1), dim=0)
        for estimate, value in ((norm.running_mean, mean), (norm.running_var, variance)):
            cast(Tensor, estimate).copy_(value)


class FeatureBatches:
    """Batches of features [N, views, F] and ``targets`` [N], shuffled by the config's seed.

    Each image comes once an epoch, in one of its views. As of images, an incomplete last batch
    is dropped and each process makes its slice of every batch.
    """

    def __init__(
        self,
        features: Tensor,
        targets: Int64Array,
        config: TrainConfig,
        batch_size: int,
        process: Process,
    ) -> None:
        self._features = features
        self._targets = targets
        self._device_targets = torch.from_numpy(targets).to(features.device)
        self._seed = config.seed
        self._balance = config.data.balance
        self._process = process
        self._size = min(batch_size, len(targets))
        self.steps = len(targets) // self._size

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """float32 [B, F] with int64 [B]."""
        generator = np.random.default_rng((self._seed, number))
        count, views = self._features.shape[:2]
        order = epoch_order(self._targets, self._balance, generator)
        view = torch.from_numpy(generator.integers(views, size=count))
        for step in range(self.steps):
            batch = order[step * self._size : (step + 1) * self._size]
            mine = torch.from_numpy(np.array_split(batch, self._process.world)[self._process.rank])
            yield self._features[mine, view[mine]], self._device_targets[mine]
