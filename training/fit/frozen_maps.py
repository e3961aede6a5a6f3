"""What the lower stages of a network gave for the validation images, for as long as they are
frozen."""

from collections.abc import Callable

from torch import Tensor

from training.networks.network import ConvNet

MOST_BYTES = 512 * 2**20
"""Of all maps together."""


class FrozenMaps:
    """Maps of batches of images, which are the same in every epoch.

    Of stages that stay as they are the images need not pass through again: only those behind are
    computed, to the same bits. Maps that take more memory than the images are not kept, which are
    those of the lowest stages.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.stages = 0
        """So many of the lowest stages will be the same when images are scored next."""
        self._most_bytes = most_bytes
        self._maps: dict[int, list[Tensor]] = {}
        """By the number of stages below them, a map for each batch."""
        self._state: dict[str, Tensor] = {}
        """Of the trunk, when they were computed."""
        self._first = 0

    def begin(self, model: ConvNet) -> None:
        """Before the first batch: forget what comes of stages that have changed."""
        changed = {
            name.split(".")[0]
            for name, value in model.trunk.state_dict().items()
            if name not in self._state or not value.equal(self._state[name])
        }
        names = [name for name, _ in model.trunk.named_children()]
        known = next((at for at, name in enumerate(names) if name in changed), len(names))
        self._maps = {below: maps for below, maps in self._maps.items() if below <= known}
        self._first = max(self._maps, default=0)
        if not self._first:
            state = model.trunk.state_dict().items()
            self._state = {name: value.clone() for name, value in state}

    def logits(
        self, model: ConvNet, images: Callable[[], Tensor], batch: int, batches: int
    ) -> Tensor:
        """[B, C] of ``images``, uint8 [B, H, W, 3], which are number ``batch`` of ``batches``."""
        if self._first:
            features, room = self._maps[self._first][batch], 0
        else:
            pixels = images()
            features, room = model.normalised(pixels), pixels.nbytes
        stages = list(model.trunk.children())[self._first :]
        for below, stage in enumerate(stages, start=self._first + 1):
            features = stage(features)
            if room and below <= self.stages:
                self._keep(below, features, room, batch, batches)
        logits: Tensor = model.head(model.pooled(features))
        return logits

    def _keep(self, below: int, features: Tensor, room: int, batch: int, batches: int) -> None:
        """``room``: the bytes of the batch's images."""
        if batch == 0 and features.nbytes <= room:
            held = sum(maps[0].nbytes for maps in self._maps.values())
            if (held + features.nbytes) * batches <= self._most_bytes:
                self._maps[below] = []
        if below in self._maps:
            self._maps[below].append(features)
