"""Whether the machine of a job has the GPU that it is paid for.

A training without one runs on the processor, for days and at the price of the GPU.
"""

from typing import Any, Protocol

import torch

from training.errors import TrainingError
from visionflow.jobs.instances import BY_NAME
from visionflow.jobs.record import JobInstance
from visionflow.sentences import say


class Cuda(Protocol):
    """Of `torch.cuda`, what is asked."""

    def init(self) -> None: ...

    def device_count(self) -> int: ...


def require_gpu(
    instance: JobInstance | None,
    *,
    cuda: Cuda = torch.cuda,
    built_with: str | None = torch.version.cuda,
    compute: Any = torch.zeros,
) -> None:
    """Raise `TrainingError` unless torch computes on each GPU that the type of ``instance`` has; a
    type without one needs none."""
    kind = BY_NAME.get(instance.type) if instance else None
    if kind is None or not kind.gpus:
        return
    if built_with is None:
        raise TrainingError(say("torch_without_cuda", type=kind.type, version=torch.__version__))
    try:
        cuda.init()
        seen = cuda.device_count()
        # A GPU that the build has no code for fails here, and not after the download.
        for device in range(seen):
            compute(1, device=f"cuda:{device}").add(1).item()
    except (RuntimeError, AssertionError) as error:
        reason = str(error).strip().partition("\n")[0][:200] or type(error).__name__
        raise TrainingError(say("gpu_unusable", type=kind.type, reason=reason)) from error
    if seen < kind.gpus:
        raise TrainingError(say("fewer_gpus", type=kind.type, wanted=kind.gpus, seen=seen))
