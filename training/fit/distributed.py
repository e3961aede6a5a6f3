"""One training over several processes, as torchrun starts them; one process is a world of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from training.fit.layers.shared_batch_norm import synchronize_batch_norm


@dataclass(frozen=True)
class Process:
    """This process among the ``world`` that train together, and where it computes."""

    rank: int
    world: int
    device: torch.device

    @property
    def main(self) -> bool:
        """Whether this is the one process that writes and prints."""
        return self.rank == 0

    def sum(self, value: Tensor) -> Tensor:
        """``value`` added up over all processes; the same bits everywhere."""
        if self.world > 1:
            distributed.all_reduce(value)
            # The order of additions may differ between processes; decisions based on the sum must
            # not.
            distributed.broadcast(value, src=0)
        return value

    def synchronize_batch_norm(self, network: nn.Module) -> None:
        """Let batch norm see the whole batch, of which each process has a slice."""
        if self.world > 1 and self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)
        elif self.world > 1:
            synchronize_batch_norm(network)

    def parallel(self, network: nn.Module) -> nn.Module:
        """``network`` so that backward leaves the mean gradient of all processes in each.

        Call it again when other weights are trained.
        """
        if self.world == 1:
            return network
        return DistributedDataParallel(network)


@contextmanager
def join_processes() -> Iterator[Process]:
    """The processes that torchrun started as one group; without torchrun this process alone.

    Inside another such block it is that block's group: torchrun's processes can meet only once.
    """
    world, rank, local = (
        int(os.environ.get(name, default))
        for name, default in (("WORLD_SIZE", "1"), ("RANK", "0"), ("LOCAL_RANK", "0"))
    )
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    if world == 1 or distributed.is_initialized():
        yield Process(rank, world, device)
        return
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Process(rank, world, device)
    finally:
        distributed.destroy_process_group()
