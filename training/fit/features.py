"""Features of a frozen trunk: computed once, kept in a file, trained on in memory."""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from training.config import TrainConfig
from training.data.balance import epoch_order
from training.data.batches import augmented_once
from training.data.cache import cached_bytes
from training.data.image_set import ImageSet
from training.data.listing import Int64Array
from training.data.upright_images import UprightImageSet
from training.fit.distributed import Process
from training.fit.precision import autocast
from training.fit.validation import BATCH_PIXELS, batch_size
from training.networks.heads import Head
from training.networks.network import ConvNet
from training.stop import check_stop
from training.texts.progress import Bar
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
        size = max(1, batch_size(image_set) // views)

        def batches() -> Iterator[Tensor]:
            for start in range(0, len(image_set), size):
                images = torch.from_numpy(np.array(image_set.images[start : start + size]))
                yield torch.stack([images, images.flip(2)][:views], dim=1).flatten(end_dim=1)

        features = self._kept(f"{sha256} {views}", batches)
        return features.reshape(len(image_set), views, -1)

    def augmented(
        self, images: UprightImageSet, sha256: str, config: TrainConfig, views: int
    ) -> Tensor:
        """float32 [N, views, F] on the process's device: ``views`` random changes of each image, as
        ``config`` has them."""
        size = max(1, BATCH_PIXELS // config.input.size**2)
        found = [
            self._kept(
                f"{sha256} {config.augment} {config.input} {config.seed} {view}",
                partial(augmented_once, images, config, size, view),
            )
            for view in range(views)
        ]
        return torch.stack(found, dim=1)

    def _kept(self, what: str, batches: Callable[[], Iterator[Tensor]]) -> Tensor:
        """float32 [M, F]: of the images in ``batches``, computed unless the file is there."""
        key = self._trunk.copy()
        key.update(f"{what} {self._bfloat16}".encode())
        path = self._folder / f"{key.hexdigest()[:32]}.features"
        flat = cached_bytes(path, lambda: self._compute(batches()))
        width = sum(self._model.widths)
        return torch.from_numpy(flat.view(np.float32)).reshape(-1, width).to(self._process.device)

    @torch.inference_mode()
    def _compute(self, batches: Iterator[Tensor]) -> Iterator[UInt8Array]:
        self._model.eval()
        for images in Bar(batches, what="features", unit="batches"):
            check_stop()
            with autocast(self._process.device, self._bfloat16):
                embedding = self._model.embed(images.to(self._process.device))
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
