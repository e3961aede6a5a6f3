"""A job on a machine with a GPU never trains on its processor."""

from typing import Any

import pytest

from training.errors import TrainingError
from training.job.gpu import require_gpu
from visionflow import sentences
from visionflow.jobs.instances import INSTANCE_TYPES, InstanceType
from visionflow.jobs.record import JobInstance

GPU_TYPES = [kind for kind in INSTANCE_TYPES if kind.gpu is not None]
CPU_TYPES = [kind for kind in INSTANCE_TYPES if kind.gpu is None]


class Machine:
    """What torch sees: so many GPUs, and what goes wrong with them."""

    def __init__(self, seen: int, init: Exception | None = None) -> None:
        self._seen, self._init = seen, init
        self.asked = False

    def init(self) -> None:
        self.asked = True
        if self._init:
            raise self._init

    def device_count(self) -> int:
        return self._seen


class Computed:
    """A tensor on a GPU, which cannot be computed with where there is an ``error``."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.devices: list[str] = []

    def __call__(self, _: int, device: str) -> Any:
        self.devices.append(device)
        if self.error:
            raise self.error
        return self

    def add(self, _: int) -> Any:
        return self

    def item(self) -> float:
        return 1.0


def on(kind: InstanceType) -> JobInstance:
    return JobInstance("i-1", kind.type, "ap-northeast-2a", spot=True)


# How a GPU may be missing, and what torch says; each becomes one sentence with a reason.
NO_DRIVER = RuntimeError("Found no NVIDIA driver on your system. Please check\nmore")
CAUSES: dict[str, tuple[Machine, str | None, Computed, str]] = {
    "a torch without CUDA": (Machine(0), None, Computed(), "built without CUDA"),
    "a torch without CUDA beside a driver": (Machine(1), None, Computed(), "built without CUDA"),
    "no driver": (Machine(0, NO_DRIVER), "12.8", Computed(), "Found no NVIDIA driver on your"),
    "a lazy module": (Machine(0, AssertionError()), "12.8", Computed(), "AssertionError"),
    "no GPU": (Machine(0), "12.8", Computed(), "1 GPUs, of which 0"),
    "a GPU that is too old": (
        Machine(1),
        "12.8",
        Computed(RuntimeError("CUDA error: no kernel image is available")),
        "no kernel image",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize("kind", GPU_TYPES, ids=lambda kind: kind.type)
def test_a_gpu_type_whose_gpu_cannot_be_used_fails(kind: InstanceType, cause: str) -> None:
    cuda, built_with, compute, said = CAUSES[cause]
    with pytest.raises(TrainingError) as raised:
        require_gpu(on(kind), cuda=cuda, built_with=built_with, compute=compute)
    reason = str(raised.value)
    assert said in reason
    assert kind.type in reason
    assert "\n" not in reason
    # The page shows it in Korean.
    assert sentences.read(reason) is not None


@pytest.mark.parametrize("kind", GPU_TYPES, ids=lambda kind: kind.type)
def test_a_gpu_that_computes_is_enough(kind: InstanceType) -> None:
    compute = Computed()
    require_gpu(on(kind), cuda=Machine(kind.gpus), built_with="12.8", compute=compute)
    assert compute.devices == [f"cuda:{device}" for device in range(kind.gpus)]


@pytest.mark.parametrize("kind", CPU_TYPES, ids=lambda kind: kind.type)
def test_a_type_without_a_gpu_needs_none(kind: InstanceType) -> None:
    cuda = Machine(0, NO_DRIVER)
    require_gpu(on(kind), cuda=cuda, built_with=None, compute=Computed())
    assert not cuda.asked


def test_a_local_job_needs_none() -> None:
    require_gpu(None, cuda=Machine(0), built_with=None, compute=Computed())
